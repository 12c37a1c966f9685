"""Terms of service: to read, to accept, and to accept once more."""

from tests.gallery.stage import Stage, entry


@entry(TERMS_VERSION="2026-05-01")
def terms(stage: Stage) -> None:
    stage.get("terms")


@entry(TERMS_VERSION="2026-05-01")
def accept_terms(stage: Stage) -> None:
    stage.log_in()
    stage.get("profile")
    stage.get("accept_terms", next="/accounts/profile/")


@entry(TERMS_VERSION="2026-05-01")
def accept_terms_that_have_changed(stage: Stage) -> None:
    stage.log_in(stage.user(terms_version="2025-01-01"))
    stage.get("accept_terms")


@entry(TERMS_VERSION="2026-05-01")
def accept_terms_refused(stage: Stage) -> None:
    stage.log_in()
    stage.post("accept_terms")
