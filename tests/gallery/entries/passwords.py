"""Passwords: change one, set a first one, forget one."""

from django.utils import timezone

from tests.gallery.stage import Stage, entry


@entry()
def change_password(stage: Stage) -> None:
    stage.log_in()
    stage.get("change_password")


@entry()
def change_password_refused(stage: Stage) -> None:
    stage.log_in()
    stage.post("change_password", old_password="not this one", new_password="frida")


@entry()
def change_password_done(stage: Stage) -> None:
    stage.log_in()
    new = "paint-the-town-red"
    stage.post("change_password", old_password="correct horse battery staple", new_password=new)


@entry()
def set_password(stage: Stage) -> None:
    stage.client.force_login(stage.user(password=None))
    _prove(stage)
    stage.get("set_password")


@entry(RETYPE=("password",))
def set_password_refused(stage: Stage) -> None:
    stage.client.force_login(stage.user(password=None))
    _prove(stage)
    stage.post("set_password", new_password="12345", retype_password="123456")


@entry()
def forgot_password(stage: Stage) -> None:
    stage.get("forgot_password", next="/members/")


@entry()
def forgot_password_refused(stage: Stage) -> None:
    stage.post("forgot_password", email="frida")


@entry(LIMITS={"reset": {"client": "1/1d"}})
def forgot_password_limited(stage: Stage) -> None:
    for _ in range(2):
        stage.post("forgot_password", email="frida@example.com")


@entry()
def mail_sent_after_forgotten_password(stage: Stage) -> None:
    stage.post("forgot_password", email="frida@example.com")


@entry()
def reset_password(stage: Stage) -> None:
    stage.user()
    stage.post("forgot_password", email="frida@example.com")
    stage.open_mail()


@entry()
def reset_password_refused(stage: Stage) -> None:
    reset_password(stage)
    stage.post(stage.here, new_password="password")


@entry()
def reset_password_done(stage: Stage) -> None:
    reset_password(stage)
    stage.post(stage.here, new_password="paint-the-town-red")


def _prove(stage: Stage) -> None:
    # As after a login by a provider.
    stage.prove(int(timezone.now().timestamp()))
