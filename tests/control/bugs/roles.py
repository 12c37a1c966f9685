"""Bugs of roles and guards: they let in who should stay out."""

from tests.control.bug import Bug, Change

K = "tests/attacks/test_K_roles.py::"

BUGS = (
    Bug(
        name="no-role-is-any",
        row="K1",
        what="A guard that names no role lets everybody in.",
        whose="Flask-User (roles_required() without arguments)",
        changes=(
            Change(
                "requirements.py",
                "        if not needs:\n"
                '            raise ValueError("Name at least one role.")\n'
                "        self.needs",
                "        self.needs",
            ),
        ),
        tests=(
            K + "test_K1_what_cannot_be_meant_raises_where_it_is_written",
            "tests/behaviours/test_old_faults.py::test_roles_required_that_lets_everybody_in",
        ),
    ),
    Bug(
        name="letters-as-roles",
        row="K3",
        what="A word is read as the roles of its letters.",
        whose="naive",
        changes=(
            Change(
                "requirements.py",
                "names = [need] if isinstance(need, str) else need",
                "names = list(need)",
            ),
        ),
        tests=(K + "test_K3_a_string_is_one_role_and_not_its_letters",),
    ),
    Bug(
        name="self-grant",
        row="K4",
        what="Who may grant roles grants them to themselves.",
        whose="naive",
        changes=(
            Change(
                "roles/rights.py",
                "is_own = by.pk == user.pk and not by.is_superuser",
                "is_own = False",
            ),
        ),
        tests=("tests/roles/test_rights.py::test_nobody_gives_a_role_to_oneself",),
    ),
    Bug(
        name="more-than-the-own",
        row="K5",
        what="Who may grant roles gives permissions that they lack, by a role that carries them.",
        whose="Django's administration",
        changes=(
            Change(
                "roles/rights.py",
                "return is_granted and (by.is_superuser or",
                "return is_granted or (by.is_superuser and",
            ),
        ),
        tests=(
            "tests/roles/test_rights.py::test_whatever_policy_says_nobody_gives_a_permission_that_they_lack",
        ),
    ),
    Bug(
        name="roles-of-switched-off",
        row="K7",
        what="An account that is off keeps its roles wherever no decorator stands.",
        whose="Flask-User",
        changes=(
            Change("models/users.py", "if not self.is_active or self.is_closed:", "if False:"),
        ),
        tests=(
            "tests/ground/test_models.py::test_inactive_users_have_no_roles",
            "tests/leaving/test_close_and_reopen.py::test_a_closed_account_has_no_roles_and_is_found_by_none",
        ),
    ),
    Bug(
        name="guarded-for-get-alone",
        row="K9",
        what="Another method than GET and POST passes the guard.",
        whose="JBoss (CVE-2010-0738)",
        changes=(
            Change(
                "guards.py",
                "        obstacle = self._obstacle(request, request.user)\n",
                "        obstacle = self._obstacle(request, request.user)\n"
                '        if request.method not in ("GET", "POST"):\n'
                '            obstacle = ""\n',
            ),
        ),
        tests=(K + "test_K9_every_method_is_guarded",),
    ),
    Bug(
        name="role-without-end",
        row="-",
        what="A role counts when its time is over.",
        whose="naive",
        changes=(
            Change(
                "backends.py",
                "| Q(role_grants__counts_until__gt=moment)",
                "| Q(role_grants__counts_until__isnull=False)",
            ),
        ),
        tests=(K + "test_a_role_counts_from_its_start_to_its_end_and_no_moment_longer",),
    ),
)
