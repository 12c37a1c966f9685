"""Register: the empty form, all that can be wrong with it, and who may not."""

from django_useraccounts.testing import PASSWORD
from tests.gallery.stage import LONG_EMAIL, LONG_NAME, Stage, entry

CLOSED = "tests.social.doubles.ClosedPolicy"


def fill_in(stage: Stage, **changed: str) -> None:
    data = {"username": "frida", "email": "frida@example.com", "password": PASSWORD}
    stage.post("register", **{**data, **changed})


@entry()
def register(stage: Stage) -> None:
    stage.get("register", next="/members/")


@entry()
def register_refused_empty(stage: Stage) -> None:
    stage.post("register")


@entry()
def register_refused(stage: Stage) -> None:
    stage.user("frida")
    fill_in(stage, username="frida", email="frida at example", password="frida")


@entry(RETYPE=("email", "password"), TERMS_VERSION="2", USERNAME="optional")
def register_asks_all(stage: Stage) -> None:
    stage.get("register")


@entry(RETYPE=("email", "password"), TERMS_VERSION="2", USERNAME="optional")
def register_asks_all_refused(stage: Stage) -> None:
    again = {"retype_email": "frieda@example.com", "retype_password": "other"}
    fill_in(stage, username="Frida!", **again)


@entry(USERNAME="off")
def register_by_email(stage: Stage) -> None:
    stage.get("register")


@entry(EMAIL="off")
def register_by_username(stage: Stage) -> None:
    stage.get("register")


@entry()
def register_refused_long(stage: Stage) -> None:
    fill_in(stage, username=LONG_NAME * 3, email=LONG_EMAIL, password=" ")


@entry(LIMITS={"register": {"client": "1/1h"}})
def register_limited(stage: Stage) -> None:
    fill_in(stage)
    fill_in(stage, username="nova", email="nova@example.com")


@entry(POLICY=CLOSED)
def register_closed(stage: Stage) -> None:
    stage.get("register", next="/members/")


@entry()
def mail_sent_after_registration(stage: Stage) -> None:
    fill_in(stage)
