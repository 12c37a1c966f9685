"""When the time is over a person is forgotten, whole or not at all; the history keeps a pseudonym."""

import logging
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import authenticate, get_user_model
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, models, transaction
from django.test import Client
from django.test.utils import isolate_apps
from django.utils import timezone

from django_useraccounts import personal_data, signals
from django_useraccounts.administration.flows import switch_off
from django_useraccounts.emails.flows import add_email
from django_useraccounts.errors import LastSuperuser, UsernameTaken
from django_useraccounts.leaving.flows import (
    close_account,
    erase_account,
    erase_due,
    erasing,
    reopen_account,
)
from django_useraccounts.models import (
    AbstractUser,
    AccountEvent,
    OldUsername,
    OneTimeSecret,
    OutgoingMail,
    RoleGrant,
    UserEmail,
)
from django_useraccounts.passwords.flows import forgot_password
from django_useraccounts.personal_data import drop_files, register_personal_data
from django_useraccounts.policy import Policy
from django_useraccounts.profile.flows import change_username
from django_useraccounts.registration.flows import register
from django_useraccounts.roles.flows import grant_role
from django_useraccounts.testing import PASSWORD, mails_to, make_user

pytestmark = pytest.mark.django_db


class Keeping(Policy):
    def leaving(self, user):
        return "anonymise"


@pytest.fixture
def sent(django_capture_on_commit_callbacks):
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture
def keeping(set_conf):
    set_conf(POLICY=f"{__name__}.Keeping")


@pytest.fixture
def registry(monkeypatch):
    """A registry to which a test may add."""
    monkeypatch.setattr(personal_data, "_registered", dict(personal_data._registered))


@pytest.fixture
def maria():
    """Somebody with a bit of everything, who is known to nobody else by pk."""
    make_user("someone")  # so that keys of users and of addresses differ
    UserEmail.objects.add_claim(get_user_model().objects.get(), "spare@example.com")
    maria = make_user("maria", roles=["artist"], first_name="Maria", last_name="M.")
    add_email(maria, "second@example.com", confirmed=True)
    UserEmail.objects.add_claim(maria, "claim@example.com")
    change_username(maria, "curie")
    forgot_password("second@example.com")
    return maria


def over(user):
    """Close the account, a time ago that is over."""
    close_account(user, reason="Maria wants to leave")
    get_user_model().objects.filter(pk=user.pk).update(
        erase_at=timezone.now() - timedelta(minutes=1)
    )


def prune():
    out = StringIO()
    call_command("useraccounts_prune", stdout=out)
    return out.getvalue()


def texts():
    """Return all that the tables still hold, as one text."""
    tables = (get_user_model(), AccountEvent, UserEmail, OneTimeSecret, RoleGrant, OldUsername)
    return repr([list(table.objects.values()) for table in tables]).lower()


# What goes, and what stays


def test_nothing_is_left_that_tells_who_it_was(maria, sent):
    over(maria)

    with sent():
        assert "1 closed accounts" in prune()

    assert not get_user_model().objects.filter(pk=maria.pk).exists()
    assert not UserEmail.objects.filter(user=maria.pk).exists()
    assert not OneTimeSecret.objects.filter(user=maria.pk).exists()
    assert not OutgoingMail.objects.filter(user=maria.pk).exists()
    assert not RoleGrant.objects.filter(user=maria.pk).exists()
    OldUsername.objects.all().delete()
    for word in ("maria", "curie", "second@", "claim@"):
        assert word not in texts()
    assert "spare@example.com" in texts()


def test_the_history_keeps_a_pseudonym(maria, rf):
    request = rf.get("/", REMOTE_ADDR="203.0.113.9")
    AccountEvent.objects.record("logged_in", user=maria, actor=maria, request=request)
    other = get_user_model().objects.get(username="someone")
    get_user_model().objects.filter(pk=maria.pk).update(is_superuser=True)
    maria.refresh_from_db()
    grant_role(other, "artist", by=maria, source="office", reason="Maria says", request=request)
    get_user_model().objects.filter(pk=maria.pk).update(is_superuser=False)
    over(maria)

    prune()

    events = AccountEvent.objects.filter(user_id=maria.pk)
    assert {event.client_address for event in AccountEvent.objects.all()} == {None}
    kinds = {event.kind: event for event in events}
    assert kinds["role_granted"].details["role"] == "artist"
    assert kinds["role_granted"].details["source"] == "testing"
    assert "reason" not in kinds["role_granted"].details
    assert kinds["email_added"].details == {"confirmed": True}
    assert kinds["username_changed"].details == {}
    assert set(kinds["account_closed"].details) == {"erase_at"}
    assert kinds["account_erased"].details == {"how": "erase"}
    assert events.order_by("pk").last().kind == "account_erased"
    # What she did to others stays with them, by her key.
    granted = AccountEvent.objects.get(user=other, kind="role_granted")
    assert (granted.actor_id, granted.details["reason"]) == (maria.pk, "Maria says")
    assert RoleGrant.objects.get(user=other).granted_by is None


def test_both_usernames_stay_reserved_and_say_not_whose_they_were(maria):
    over(maria)

    prune()

    assert set(OldUsername.objects.values_list("username_key", "user")) == {
        ("maria-", None),
        ("curie-", None),
    }
    with pytest.raises(UsernameTaken):
        register("curie", email="new@example.com", password=PASSWORD)


def test_the_last_mail_goes_to_the_primary_address_in_her_language(maria, sent):
    get_user_model().objects.filter(pk=maria.pk).update(language="de")
    over(maria)
    with sent():
        prune()

    told = mails_to("maria@example.com")[-1]
    assert told.subject == "Ihr Konto bei testserver ist gelöscht"
    assert "niemand kann es zurückholen" in " ".join(told.body.split())
    mail = OutgoingMail.objects.get(kind="account_erased")
    assert (mail.user, mail.language) == (None, "de")
    assert not [m for m in mails_to("second@example.com") if "gelöscht" in m.subject]


def test_receivers_hear_who_it_was(maria, sent):
    heard = []

    def hear(user, how, **news):
        heard.append((user.pk, user.username, user.email, how))

    signals.account_erased.connect(hear)
    over(maria)
    with sent():
        prune()
    signals.account_erased.disconnect(hear)

    assert heard == [(maria.pk, "curie", "maria@example.com", "erase")]


def test_the_address_is_free_afterwards(maria, sent):
    over(maria)
    prune()

    register("maria-again", email="maria@example.com", password=PASSWORD)

    assert OutgoingMail.objects.latest("pk").kind == "confirm_email"


def test_without_an_origin_there_is_no_last_mail_and_a_line_in_the_log(maria, set_conf, caplog):
    over(maria)
    set_conf(ORIGIN=None)

    prune()

    assert not get_user_model().objects.filter(pk=maria.pk).exists()
    assert "is erased without a last mail" in caplog.text


@pytest.mark.parametrize("how", ["off", "never proved"])
def test_who_has_no_address_gets_no_mail(set_conf, how):
    user = make_user("maria", confirmed=how != "never proved")
    over(user)
    OutgoingMail.objects.all().delete()
    if how == "off":
        set_conf(EMAIL="off")

    prune()

    assert not OutgoingMail.objects.exists()
    assert not get_user_model().objects.exists()


def test_the_log_of_the_administration_says_no_more_of_whom(maria):
    boss = make_user("boss", is_staff=True)
    users = ContentType.objects.get_for_model(boss)
    for user in (maria, boss):
        LogEntry.objects.create(
            user_id=boss.pk,
            content_type=users,
            object_id=str(user.pk),
            object_repr=str(user),
            action_flag=2,
            change_message="Added second@example.com.",
        )

    erase_account(maria)

    told = set(LogEntry.objects.values_list("object_repr", "change_message"))
    assert told == {(f"#{maria.pk}", ""), ("boss", "Added second@example.com.")}


# To be anonymised instead


def test_policy_may_keep_a_row_without_a_person(maria, keeping):
    maria.is_staff = True
    maria.save()
    maria.groups.add(Group.objects.create(name="office"))
    grant_role(maria, "artist", since=timezone.now() + timedelta(days=5), reason="Maria asked")
    over(maria)

    prune()

    user = get_user_model().objects.get(pk=maria.pk)
    assert user.username.startswith("deleted-")
    assert len(user.username) == 20
    assert (user.email, user.first_name, user.last_name, user.language) == ("", "", "", "")
    assert not user.is_active
    assert not user.is_staff
    assert not user.groups.exists()
    assert not user.has_usable_password()
    assert user.erase_at is None
    assert user.session_epoch > maria.session_epoch
    assert authenticate(None, username=user.username, password=PASSWORD) is None
    [grant] = RoleGrant.objects.filter(user=user)
    assert grant.ends_at <= timezone.now()
    assert not UserEmail.objects.filter(user=user).exists()
    assert not OldUsername.objects.filter(user=user).exists()
    OldUsername.objects.all().delete()
    for word in ("maria", "curie", "second@", "claim@"):
        assert word not in texts()
    erased = AccountEvent.objects.get(user=user, kind="account_erased")
    assert erased.details == {"how": "anonymise"}


def test_two_who_leave_get_different_names(keeping):
    for name in ("maria", "frida"):
        over(make_user(name))

    prune()

    assert len(set(get_user_model().objects.values_list("username", flat=True))) == 2


def test_who_had_no_username_gets_none(keeping, set_conf):
    set_conf(USERNAME="optional", POLICY=f"{__name__}.Keeping")
    maria = get_user_model().objects.create_user(None, "maria@example.com", PASSWORD)
    over(maria)

    prune()

    assert get_user_model().objects.get().username is None


def test_what_an_app_has_emptied_of_the_row_stays_empty(keeping, registry):
    def empty(user):
        get_user_model().objects.filter(pk=user.pk).update(terms_version="")

    register_personal_data("columns", erase=empty)
    # It stands for any column of a project's own.
    maria = make_user("maria", terms_version="her telephone number")

    erase_account(maria)

    left = get_user_model().objects.get()
    assert left.username.startswith("deleted-")
    assert left.terms_version == ""


# What people have uploaded


@isolate_apps("django_useraccounts")
def test_uploads_of_the_profile_go_with_the_row(sent):
    storage = InMemoryStorage()

    class Painter(AbstractUser):
        portrait = models.FileField(storage=storage)
        contract = models.FileField(storage=storage)

        PROFILE_FIELDS = ("first_name", "portrait")

        class Meta:
            app_label = "useraccounts"

    storage.save("portrait.png", ContentFile(b"a face"))
    storage.save("contract.pdf", ContentFile(b"what was agreed"))
    painter = Painter(portrait="portrait.png", contract="contract.pdf")

    with sent():
        drop_files(painter)
        assert storage.exists("portrait.png")

    assert not storage.exists("portrait.png")
    assert storage.exists("contract.pdf")


@isolate_apps("django_useraccounts")
def test_the_file_that_all_begin_with_stays_for_the_others(sent):
    storage = InMemoryStorage()

    class Sculptor(AbstractUser):
        portrait = models.FileField(storage=storage, default="nobody.png")

        PROFILE_FIELDS = ("portrait",)

        class Meta:
            app_label = "useraccounts"

    storage.save("nobody.png", ContentFile(b"a shadow"))

    with sent():
        drop_files(Sculptor())

    assert storage.exists("nobody.png")


@isolate_apps("django_useraccounts")
def test_a_storage_that_is_away_keeps_nobody_from_going_and_the_log_names_the_file(sent, caplog):
    class Away(InMemoryStorage):
        def delete(self, name):
            raise ConnectionError("the bucket is away")

    class Sculptor(AbstractUser):
        portrait = models.FileField(storage=Away())

        PROFILE_FIELDS = ("portrait",)

        class Meta:
            app_label = "useraccounts"

    told = []
    with sent():
        drop_files(Sculptor(portrait="portrait.png"))
        transaction.on_commit(lambda: told.append("what comes after it"))

    assert told == ["what comes after it"]
    assert "The file portrait.png, which is nobody's any more, was not deleted." in caplog.text
    assert "the bucket is away" in caplog.text


# Who is to be erased, and when


def test_neither_who_is_open_nor_who_has_time(maria):
    frida = make_user("frida")
    close_account(frida)

    assert "0 closed accounts" in prune()

    reopen_account(frida)
    assert get_user_model().objects.count() == 3


def test_an_account_that_is_off_is_erased_too(maria):
    over(maria)
    switch_off(maria)

    assert erase_due(batch=10) == (1, 0)


def test_many_go_one_by_one_in_batches():
    for number in range(5):
        over(make_user(f"user{number}"))

    assert erase_due(batch=2) == (5, 0)
    assert not get_user_model().objects.exists()


def test_code_may_erase_at_once_but_not_the_last_superuser(maria):
    boss = make_user("boss", is_superuser=True)

    erase_account(maria)

    assert not get_user_model().objects.filter(pk=maria.pk).exists()
    with pytest.raises(LastSuperuser):
        erase_account(boss)


# Other apps


def test_other_apps_forget_too(maria, registry):
    forgotten = []
    register_personal_data("keys", erase=lambda user: forgotten.append(user.username))
    over(maria)

    prune()

    assert forgotten == ["curie"]


def test_what_one_app_refuses_keeps_that_account_whole_and_the_others_go(maria, registry, caplog):
    def refuse(user):
        if user.username == "curie":
            raise ValueError("She owes us a book.")

    register_personal_data("books", erase=refuse)
    frida = make_user("frida")
    for user in (maria, frida):
        over(user)
    before = texts()

    with caplog.at_level(logging.ERROR), pytest.raises(CommandError, match="1 closed accounts"):
        prune()

    assert "She owes us a book." in caplog.text
    assert not get_user_model().objects.filter(pk=frida.pk).exists()
    assert get_user_model().objects.filter(pk=maria.pk).exists()
    assert "maria@example.com" in texts()
    assert before.count("curie") == texts().count("curie")
    del personal_data._registered["books"]
    assert erase_due(batch=10) == (1, 0)


def test_what_the_database_refuses_of_one_account_keeps_no_other(registry, caplog):
    def wait_in_vain(user):
        if user.username == "maria":
            raise OperationalError("Lock wait timeout exceeded")

    register_personal_data("books", erase=wait_in_vain)
    for name in ("maria", "frida"):
        over(make_user(name))

    assert erase_due(batch=10) == (1, 1)

    assert [user.username for user in get_user_model().objects.all()] == ["maria"]
    assert "Lock wait timeout exceeded" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_away_ends_the_run(registry):
    def refuse(*args):
        raise OperationalError("Server has gone away")

    def lose(user):
        connection.execute_wrappers.append(refuse)
        raise OperationalError("Server has gone away")

    register_personal_data("books", erase=lose)
    over(make_user("maria"))

    with pytest.raises(OperationalError):
        erase_due(batch=10)

    connection.execute_wrappers.remove(refuse)
    assert get_user_model().objects.exists()


@pytest.mark.parametrize("name", ["", "Keys", "a/b", "../events", "keys.json", "x" * 41, "1a"])
def test_a_name_has_to_be_that_of_a_file(registry, name):
    with pytest.raises(ValueError, match="is no name"):
        register_personal_data(name)


def test_two_apps_cannot_have_one_name(registry):
    register_personal_data("keys", erase=print)
    register_personal_data("keys", erase=print)

    with pytest.raises(ValueError, match="Personal data of another app are called 'keys'"):
        register_personal_data("keys", erase=repr)


# Races


def test_an_account_that_was_opened_while_the_job_ran_stays(maria, monkeypatch):
    over(maria)
    keys = erasing.keys_in_order

    def opened_meanwhile(rows, batch):
        for key in keys(rows, batch):
            get_user_model().objects.filter(pk=key).update(erase_at=None)
            yield key

    monkeypatch.setattr(erasing, "keys_in_order", opened_meanwhile)

    assert erase_due(batch=10) == (0, 0)
    assert get_user_model().objects.filter(pk=maria.pk).exists()


@pytest.mark.asvs("7.4.2")
def test_a_session_of_an_erased_account_is_nobodys(maria):
    client = Client()
    client.force_login(maria)
    erase_account(maria)

    response = client.get("/accounts/profile/")

    assert response.status_code == 302
