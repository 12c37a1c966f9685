"""Bugs of sessions: they live on after what should have ended them."""

from tests.control.bug import Bug, Change

C, D = "tests/attacks/test_C_login.py::", "tests/attacks/test_D_passwords.py::"

BUGS = (
    Bug(
        name="logout-leaves-session",
        row="C7",
        what="What else the session held is there for who uses the browser next.",
        whose="allauth < 64.1 (headless)",
        changes=(
            Change(
                "login/flows.py",
                "auth.logout(request)",
                'request.session.pop("_auth_user_id", None)',
            ),
        ),
        tests=(C + "test_C7_logout_leaves_nothing_of_the_session",),
    ),
    Bug(
        name="session-outlives-password",
        row="C13",
        what="A stolen cookie is good after the password was changed.",
        whose="Devise < 3.5.4 (CVE-2015-8314), Rodauth < 2.8.0, djoser's tokens",
        changes=(
            Change(
                "models/passwords.py",
                'value = f"{self.session_epoch}:{self.password}"',
                "value = str(self.pk)",
            ),
        ),
        tests=(
            C + "test_C13_a_stolen_cookie_dies_with_the_password_and_with_the_logout",
            D + "test_D12_a_change_ends_every_other_session_and_renews_this_one",
        ),
    ),
    Bug(
        name="ended-session-lives",
        row="J4",
        what="Sessions that were ended, without a new password, go on.",
        whose="better-auth (cookieCache), peers with JWT",
        changes=(
            Change(
                "models/passwords.py",
                'value = f"{self.session_epoch}:{self.password}"',
                "value = self.password",
            ),
        ),
        tests=("tests/admin/test_account_flows.py::test_ending_the_sessions_keeps_the_account",),
    ),
    Bug(
        name="old-copy-revives-sessions",
        row="J3",
        what="A request that was in flight writes back the user as it was, and its sessions with it.",
        whose="middlewares made by hand",
        changes=(
            Change(
                "models/columns.py",
                'return Kept(self, plus=int(not getattr(model_instance, "has_stored_password", True)))',
                "return super().pre_save(model_instance, add)",
            ),
        ),
        tests=(
            "tests/attacks/test_seams.py::test_J3_a_user_that_was_loaded_before_its_sessions_ended_does_not_revive_them",
        ),
    ),
    Bug(
        name="session-of-switched-off",
        row="J6",
        what="Who was switched off stays logged in.",
        whose="allauth < 65.13.0 (tokens of its identity provider)",
        changes=(
            Change(
                "backends.py",
                "user if user.is_active and not user.is_closed else None",
                "user if not user.is_closed else None",
            ),
        ),
        tests=(
            "tests/ground/test_backends.py::test_a_user_who_is_switched_off_is_out_at_the_very_next_request",
            C + "test_C8_a_user_who_was_switched_off_gets_in_by_no_path",
        ),
    ),
    Bug(
        name="key-rotation",
        row="J7",
        what="A new SECRET_KEY logs everybody out, although the old one is a fallback.",
        whose="Django 4.1 before 4.1.8 (#34384)",
        changes=(
            Change(
                "models/passwords.py",
                "for secret in settings.SECRET_KEY_FALLBACKS:",
                "for secret in settings.SECRET_KEY_FALLBACKS[:0]:",
            ),
        ),
        tests=(
            "tests/ground/test_models.py::test_sessions_outlive_a_new_key_until_the_old_one_is_retired",
        ),
    ),
)
