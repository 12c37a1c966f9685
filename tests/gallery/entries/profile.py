"""The own account: what it is, what it is called, what has happened to it."""

from datetime import timedelta

from django.utils import timezone

from django_useraccounts.models import AccountEvent, UserEmail
from django_useraccounts.undeliverable import report_undeliverable
from testproject.guild.people import PAST
from tests.gallery.entries.emails import with_addresses
from tests.gallery.stage import LONG_EMAIL, LONG_NAME, Stage, entry


@entry()
def profile(stage: Stage) -> None:
    fields = {"first_name": "Frida", "last_name": "Kahlo", "roles": ["artist", "member"]}
    stage.log_in(stage.user(**fields))
    stage.get("profile")


@entry(CONFIRM_EMAIL_BEFORE_LOGIN=False)
def profile_unconfirmed(stage: Stage) -> None:
    stage.log_in(stage.user(confirmed=False))
    stage.get("profile")


@entry(EMAIL="off")
def profile_without_email(stage: Stage) -> None:
    stage.log_in()
    stage.get("profile")


@entry(CONFIRM_EMAIL_BEFORE_LOGIN=False)
def profile_empty(stage: Stage) -> None:
    UserEmail.objects.filter(user=stage.log_in(stage.user(confirmed=False))).delete()
    stage.get("profile")


@entry()
def profile_long(stage: Stage) -> None:
    names = {"first_name": LONG_NAME, "last_name": LONG_NAME.title()}
    roles = ["artist", "member", "keeper-of-the-very-long-list-of-former-members"]
    frida = stage.log_in(stage.user(LONG_NAME, LONG_EMAIL, roles=roles, **names))
    UserEmail.objects.add_proved(frida, "frida@example.com")
    report_undeliverable("frida@example.com", state="bounced")
    stage.get("profile")


@entry()
def edit_profile(stage: Stage) -> None:
    stage.log_in(stage.user(first_name="Frida"))
    stage.get("edit_profile")


@entry()
def edit_profile_refused(stage: Stage) -> None:
    stage.log_in()
    stage.post("edit_profile", first_name=LONG_NAME * 3, last_name="Kahlo")


@entry()
def edit_profile_done(stage: Stage) -> None:
    stage.log_in()
    stage.post("edit_profile", first_name="Frida", last_name="Kahlo")


@entry()
def change_username(stage: Stage) -> None:
    stage.log_in()
    stage.get("change_username")


@entry()
def change_username_refused(stage: Stage) -> None:
    stage.user("ada")
    stage.log_in()
    stage.post("change_username", username="Ada")


@entry()
def history(stage: Stage) -> None:
    remember(stage)
    stage.get("history")


@entry()
def history_older(stage: Stage) -> None:
    remember(stage)
    last = AccountEvent.objects.order_by("-pk")[24].pk
    stage.get("history", before=str(last))


@entry()
def history_nothing(stage: Stage) -> None:
    AccountEvent.objects.filter(user=stage.log_in()).delete()
    stage.get("history")


@entry()
def history_nothing_older(stage: Stage) -> None:
    stage.log_in()
    stage.get("history", before="1")


@entry()
def history_of_addresses(stage: Stage) -> None:
    frida = with_addresses(stage)
    AccountEvent.objects.record(
        "email_removed", user=frida, actor=frida, details={"address": LONG_EMAIL}
    )
    stage.get("history")


def remember(stage: Stage) -> None:
    """Log in somebody with a past, some of which an administrator has done."""
    frida, keeper = stage.log_in(), stage.user("caretaker")
    actors = {"self": frida, "caretaker": keeper}
    AccountEvent.objects.bulk_create(
        AccountEvent(
            kind=kind,
            user=frida,
            actor=actors.get(who),
            at=timezone.now() - timedelta(days=days),
            client_address=address,
            via="admin:useraccounts_user_changelist" if who == "caretaker" else "",
            details={**details, "address": frida.email} if "email" in kind else details,
        )
        for days, address, who, kind, details in PAST
    )
