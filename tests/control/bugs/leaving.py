"""Bugs of accounts that are closed, erased, or handed out as a file."""

from tests.control.bug import Bug, Change

CLOSE = "tests/leaving/test_close_and_reopen.py::"

BUGS = (
    Bug(
        name="closed-keeps-sessions",
        row="S9",
        what="Sessions from before an account was closed live again when it is opened.",
        whose="naive",
        changes=(
            Change(
                "leaving/flows/closing.py",
                'rows.update(erase_at=erase_at, session_epoch=F("session_epoch") + 1)',
                "rows.update(erase_at=erase_at)",
            ),
        ),
        tests=(CLOSE + "test_closing_twice_changes_nothing_and_tells_nobody_again",),
    ),
    Bug(
        name="closed-keeps-links",
        row="D6",
        what="Links from before an account was closed work when it is opened.",
        whose="naive",
        changes=(
            Change(
                "leaving/flows/closing.py",
                "links.exclude(purpose__in=kept).update(redeemed_at=timezone.now())",
                "links.exclude(purpose__in=kept)",
            ),
        ),
        tests=(CLOSE + "test_links_from_before_end_and_new_ones_work",),
    ),
    Bug(
        name="gone-but-logged-in",
        row="S9",
        what="Who is to be erased logs in until the job has run.",
        whose="naive",
        changes=(
            Change(
                "backends.py",
                "return users.not_gone(moment).with_proof()",
                "return users.with_proof()",
            ),
        ),
        tests=(CLOSE + "test_too_late_is_like_an_account_that_never_was",),
    ),
    Bug(
        name="anybodys-export",
        row="E7",
        what="Who has the link of somebody's data gets them, as whoever they are logged in.",
        whose="naive",
        changes=(
            Change(
                "leaving/flows/exporting.py",
                "    if secret.user_id != user.pk:\n        raise LinkInvalid\n",
                "",
            ),
        ),
        tests=("tests/leaving/test_export.py::test_the_link_of_somebody_else_gives_nothing",),
    ),
    Bug(
        name="erased-name-is-free",
        row="-",
        what="The username of who has left is taken at once, by who would pose as that one.",
        whose="many",
        changes=(
            Change(
                "registration/flows.py",
                "    if len(owned) < len(in_the_way):\n        raise UsernameTaken\n",
                "",
            ),
        ),
        tests=(
            "tests/leaving/test_erase.py::test_both_usernames_stay_reserved_and_say_not_whose_they_were",
        ),
    ),
)
