"""Where one is logged in, and what can be done about it."""

from datetime import timedelta

from django.core import mail
from django.utils import timezone

from django_useraccounts.models import AbstractUser
from django_useraccounts.sessions.models import LoginSession
from testproject.guild.people import ELSEWHERE
from tests.gallery.entries.refusals import NO_LINK, too_late, used_up
from tests.gallery.stage import Stage, entry
from tests.sessions.visits import SAFARI


def log_in_everywhere(stage: Stage, number: int = 3) -> AbstractUser:
    """Log somebody in who is logged in elsewhere, too."""
    frida, now = stage.log_in(), timezone.now()
    for began, used, address, agent in ELSEWHERE[:number]:
        _add(frida, agent, address, now - timedelta(hours=began), now - timedelta(hours=used))
    return frida


def _add(user: AbstractUser, agent: str, address: str, began: object, used: object) -> None:
    LoginSession.objects.create(
        user=user,
        epoch=user.session_epoch,
        user_agent=agent,
        client_address=address,
        started_at=began,
        seen_at=used,
    )


@entry()
def sessions(stage: Stage) -> None:
    log_in_everywhere(stage)
    stage.get("sessions")


@entry()
def sessions_only_this(stage: Stage) -> None:
    stage.log_in()
    stage.get("sessions")


@entry()
def sessions_just_now(stage: Stage) -> None:
    frida = stage.log_in()
    _add(frida, "", "192.0.2.1", timezone.now(), timezone.now())
    stage.get("sessions")


@entry()
def sessions_many(stage: Stage) -> None:
    frida, now = stage.log_in(), timezone.now()
    for number in range(26):
        used = now - timedelta(hours=number + 1)
        _add(frida, SAFARI, f"192.0.2.{number}", used, used)
    stage.get("sessions")


@entry()
def end_session(stage: Stage) -> None:
    frida = log_in_everywhere(stage)
    row = LoginSession.objects.filter(user=frida, client_address=ELSEWHERE[1][2]).get()
    stage.get("end_session", row.pk)


@entry()
def end_session_just_begun(stage: Stage) -> None:
    frida = stage.log_in()
    _add(frida, SAFARI, "192.0.2.1", timezone.now(), timezone.now())
    stage.get("end_session", LoginSession.objects.get(user=frida, client_address="192.0.2.1").pk)


@entry()
def end_other_sessions(stage: Stage) -> None:
    log_in_everywhere(stage)
    stage.get("end_other_sessions")


@entry()
def end_other_sessions_done(stage: Stage) -> None:
    log_in_everywhere(stage)
    stage.post("end_other_sessions")


@entry()
def disown_login(stage: Stage) -> None:
    stage.log_in()
    stage.client = stage.new_client(**{"user-agent": SAFARI})
    stage.log_in(type(stage.user("nova")).objects.get(username="frida"))
    mine = [n for n, sent in enumerate(mail.outbox) if "frida@example.com" in sent.to]
    stage.elsewhere()
    stage.open_mail(mine[-1])


@entry()
def disown_link_expired(stage: Stage) -> None:
    disown_login(stage)
    too_late(stage)


@entry()
def disown_link_used(stage: Stage) -> None:
    disown_login(stage)
    used_up(stage)


@entry()
def disown_link_invalid(stage: Stage) -> None:
    stage.get("disown_login", NO_LINK)


@entry()
def disown_link_invalid_at_home(stage: Stage) -> None:
    stage.log_in()
    stage.get("disown_login", NO_LINK)
