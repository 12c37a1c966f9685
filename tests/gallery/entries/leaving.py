"""Leave: take the data along, close the account."""

from django_useraccounts.models import AccountExport
from tests.gallery.stage import LONG_NAME, Stage, entry


@entry()
def export_account(stage: Stage) -> None:
    stage.log_in()
    stage.get("export_account")


@entry(MAIL_DELIVERY="command")
def export_account_packing(stage: Stage) -> None:
    stage.log_in()
    stage.post("export_account")
    AccountExport.objects.update(made_at=None, content=None)
    stage.get("export_account")


@entry(MAIL_DELIVERY="command", EMAIL="off")
def export_account_packing_without_mail(stage: Stage) -> None:
    export_account_packing(stage)


@entry()
def export_account_ready(stage: Stage) -> None:
    stage.log_in()
    stage.post("export_account")


@entry(EMAIL="off")
def export_account_ready_without_mail(stage: Stage) -> None:
    export_account_ready(stage)


@entry(LIMITS={"export": {"client": "1/1d"}})
def export_account_limited(stage: Stage) -> None:
    stage.log_in()
    for _ in range(2):
        stage.post("export_account")


@entry()
def fetch_export(stage: Stage) -> None:
    export_account_ready(stage)
    stage.open_mail()


@entry()
def close_account(stage: Stage) -> None:
    stage.log_in()
    stage.get("close_account")


@entry()
def close_account_refused(stage: Stage) -> None:
    stage.log_in()
    stage.post("close_account", reason=LONG_NAME * 100)


@entry()
def close_account_done(stage: Stage) -> None:
    stage.log_in()
    stage.post("close_account", reason="I paint elsewhere.")
