"""Bugs of the administration: helpers who become more than they are, and what they are shown."""

from tests.control.bug import Bug, Change

RIGHTS = "tests/admin/test_rights.py::"
FLOWS = "tests/admin/test_account_flows.py::"

BUGS = (
    Bug(
        name="staff-give-rights",
        row="K5",
        what="Who may change users makes superusers.",
        whose="Django's administration",
        changes=(
            Change(
                "admin/users.py",
                "rights = () if request.user.is_superuser else RIGHTS",
                "rights = ()",
            ),
        ),
        tests=(RIGHTS + "test_K5_staff_cannot_give_rights",),
    ),
    Bug(
        name="staff-take-over",
        row="K5",
        what="Who may change users gives the account of a superuser another address.",
        whose="Django's administration",
        changes=(
            Change(
                "admin/rights.py",
                "return not user.is_superuser and _has_rights_of",
                "return _has_rights_of",
            ),
        ),
        tests=(RIGHTS + "test_K5_staff_cannot_touch_the_account_of_a_superuser",),
    ),
    Bug(
        name="staff-set-passwords",
        row="O2",
        what="Who may change users sees the hash of a password, and writes another one.",
        whose="Django's administration",
        changes=(
            Change(
                "admin/users.py",
                '{"fields": list(self.model.PROFILE_FIELDS)}',
                '{"fields": [*self.model.PROFILE_FIELDS, "password"]}',
            ),
        ),
        tests=(
            "tests/admin/test_users.py::test_O2_there_is_no_way_to_set_a_password",
            "tests/admin/test_secrets_and_scripts.py::test_O3_no_page_shows_a_hash_a_link_or_a_key",
        ),
    ),
    Bug(
        name="hash-by-filter",
        row="O3",
        what="By filters of a list the hash of a password is read, letter by letter.",
        whose="Django < 1.2.4 (CVE-2010-4534)",
        changes=(
            Change(
                "admin/users.py",
                'if lookup.partition("__")[0] in HIDDEN:\n            return False',
                'if lookup.partition("__")[0] in HIDDEN:\n            return True',
            ),
        ),
        tests=("tests/admin/test_users.py::test_the_list_cannot_be_asked_about_secrets",),
    ),
    Bug(
        name="formula-in-csv",
        row="O6",
        what="What somebody has typed is a formula in the spreadsheet of an administrator.",
        whose="many",
        changes=(
            Change(
                "spreadsheets.py",
                """return FORMULA.sub(lambda found: f"{found[0]}'", text or "")""",
                'return text or ""',
            ),
        ),
        tests=("tests/admin/test_roles_of_many.py::test_O6_nothing_in_the_file_is_a_formula",),
    ),
    Bug(
        name="no-superuser-left",
        row="S14",
        what="Two superusers who switch each other off at once leave none.",
        whose="all",
        changes=(
            Change(
                "administration/flows.py",
                "rows = users.filter(is_superuser=True, is_active=True, erase_at=None).select_for_update()",
                "rows = users.filter(is_superuser=True, is_active=True, erase_at=None)",
            ),
        ),
        tests=(FLOWS + "test_S14_two_superusers_who_switch_each_other_off_at_once_leave_one",),
        database="postgresql",
    ),
    Bug(
        name="switched-off-keeps-links",
        row="C8",
        what="What was mailed before an account was switched off works once it is on again.",
        whose="naive",
        changes=(
            Change(
                "administration/flows.py",
                '_write(fresh, "is_active", "session_epoch")',
                '_write(fresh, "is_active")',
            ),
        ),
        tests=(FLOWS + "test_what_switching_off_has_ended_stays_ended_when_on_again",),
    ),
)
