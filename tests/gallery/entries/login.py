"""Log in, log out, and prove it once more."""

from datetime import timedelta

from django_useraccounts.leaving.flows import close_account
from django_useraccounts.testing import PASSWORD
from tests.gallery.entries.registration import CLOSED
from tests.gallery.entries.social import PROVIDERS
from tests.gallery.stage import Stage, entry


@entry()
def login(stage: Stage) -> None:
    stage.get("login", next="/members/")


@entry()
def login_refused_empty(stage: Stage) -> None:
    stage.post("login")


@entry()
def login_refused(stage: Stage) -> None:
    stage.post("login", identifier="frida", password="not this one", remember="on")


@entry(LIMITS={"login": {"client": "1/5m"}})
def login_limited(stage: Stage) -> None:
    for _ in range(2):
        stage.post("login", identifier="frida", password="not this one")


@entry(LIMITS={"login": {"client": "1/1d"}}, EMAIL="off")
def login_limited_without_mail(stage: Stage) -> None:
    for _ in range(2):
        stage.post("login", identifier="frida", password="not this one")


@entry(USERNAME="off", POLICY=CLOSED)
def login_by_email(stage: Stage) -> None:
    stage.get("login")


@entry(SOCIAL=PROVIDERS)
def login_with_providers(stage: Stage) -> None:
    stage.get("login", next="/members/")


@entry()
def logout(stage: Stage) -> None:
    stage.log_in()
    stage.get("logout")


@entry()
def logout_of_nobody(stage: Stage) -> None:
    stage.get("logout")


@entry()
def logged_out(stage: Stage) -> None:
    stage.log_in()
    stage.post("logout")


@entry()
def confirm_identity(stage: Stage) -> None:
    stage.log_in()
    stage.get("confirm_identity", next="/accounts/close-account/")


@entry()
def confirm_identity_refused(stage: Stage) -> None:
    stage.log_in()
    stage.post("confirm_identity", old_password="not this one")


@entry()
def confirm_identity_without_password(stage: Stage) -> None:
    stage.client.force_login(stage.user(password=None))
    stage.get("confirm_identity")


@entry(SOCIAL=PROVIDERS)
def confirm_identity_by_provider(stage: Stage) -> None:
    stage.client.force_login(stage.user(password=None))
    stage.get("confirm_identity", next="/members/")


@entry(RECENT_LOGIN_MAX_AGE=timedelta(0))
def confirm_identity_after_a_while(stage: Stage) -> None:
    stage.log_in()
    stage.get("close_account")


@entry()
def login_opens_a_closed_account(stage: Stage) -> None:
    close_account(stage.user())
    stage.post("login", identifier="frida", password=PASSWORD)
