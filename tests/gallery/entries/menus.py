"""The menu of who is logged in, on a page of the site."""

from tests.gallery.stage import Stage, entry


@entry()
def user_menu(stage: Stage) -> None:
    stage.log_in()
    stage.get("/host/")


@entry()
def user_menu_of_nobody(stage: Stage) -> None:
    stage.get("/host/")
