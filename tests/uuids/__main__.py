"""
``python -m tests.uuids``: the tests of the rooms once more, with users who are told apart by UUIDs.

On another database: ``python -m tests.servers postgresql -- python -m tests.uuids``. What is added
goes to pytest. The project ``badges`` of tests/projects has such users, too, and is walked each day,
and so is its administration.
"""

import subprocess
import sys

FOLDERS = (
    "emails invitations leaving login memberships passwords profile registration roles sessions "
    "social terms"
).split()
#: What compares a key with what JSON has made of it, or names the model, its page or its table.
NOT = (
    "test_the_events_tell_how_somebody_came_in",
    "test_an_event_and_a_signal_tell_of_it",
    "test_it_holds_what_the_app_holds_and_no_secret",
    "test_history_says_that_an_administrator_did_it",
    "test_what_cannot_be_stands_in_the_form",
    "test_its_test_opens_an_account",
    "test_rights",
    "test_names",
)


def main() -> int:
    files = [f"tests/{folder}" for folder in FOLDERS]
    options = ["--ds=tests.uuids.settings", "-p", "tests.uuids.plugin", "-p", "no:cacheprovider"]
    chosen = ["-m", "not browser and not one_database", "-k", f"not ({' or '.join(NOT)})"]
    command = [sys.executable, "-m", "pytest", "-q", *options, *chosen, *files, *sys.argv[1:]]
    return subprocess.run(command).returncode


if __name__ == "__main__":
    sys.exit(main())
