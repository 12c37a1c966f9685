"""Bugs of mailed links: used twice, for something else, by somebody else, or by a machine."""

from tests.control.bug import Bug, Change

B, D = "tests/attacks/test_B_confirmation.py::", "tests/attacks/test_D_passwords.py::"

#: Nothing but the row itself says whether a reset link was used.
_UNBOUND_RESET = (
    Change(
        "secrets.py",
        "lambda: timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT),\n    voided_by_epoch=True,",
        "lambda: timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT),\n    voided_by_epoch=False,",
    ),
    Change(
        "passwords/flows.py",
        "filter(pk=user.pk, session_epoch=epoch, is_active=True)",
        "filter(pk=user.pk, is_active=True)",
    ),
)

BUGS = (
    Bug(
        name="link-for-another-address",
        row="B1",
        what="The link of one address confirms the other one that was put in its place.",
        whose="Devise #1948, Devise < 5.0.3 (CVE-2026-32700), allauth < 65.12.1",
        changes=(
            Change(
                "secrets.py",
                'getattr(secret.address, "email_key", None) != secret.email_key:',
                "secret.address is None:",
            ),
        ),
        tests=(B + "test_B1_a_link_is_worth_nothing_once_its_claim_is_for_another_address",),
    ),
    Bug(
        name="one-token-for-all",
        row="B2",
        what="A link opens any page that takes one: who is invited resets a password.",
        whose="Flask-User",
        changes=(
            Change(
                "secrets.py",
                "pk=key, purpose=purpose, user__isnull=False)",
                "pk=key, user__isnull=False)",
            ),
        ),
        tests=(
            B + "test_B2_a_link_opens_only_the_page_that_it_was_made_for",
            "tests/behaviours/test_old_faults.py::test_one_token_format_for_all_purposes",
        ),
    ),
    Bug(
        name="one-generator",
        row="B2",
        what="What proves a link for one purpose proves it for another.",
        whose="djoser (activation and reset)",
        changes=(Change("secrets.py", "            secret.purpose,\n", ""),),
        tests=(B + "test_B2_a_row_whose_purpose_was_changed_opens_nothing",),
    ),
    Bug(
        name="link-used-twice",
        row="D3",
        what="A reset link sets as many passwords as are wanted, for as long as it lasts.",
        whose="Flask-User",
        changes=(
            Change(
                "secrets.py",
                "filter(pk=secret.pk, redeemed_at=None, expires_at__gt=now)",
                "filter(pk=secret.pk, expires_at__gt=now)",
            ),
            Change("secrets.py", "if secret.redeemed_at or is_replaced", "if is_replaced"),
            *_UNBOUND_RESET,
        ),
        tests=(D + "test_D3_a_link_sets_one_password_once",),
    ),
    Bug(
        name="link-used-twice-at-once",
        row="D4",
        what="Of two requests at once with a reset link, both set their password.",
        whose="Django (10 of 10 on PostgreSQL), djoser, pinax",
        changes=(
            Change(
                "secrets.py",
                "    if not mine.update(redeemed_at=now):\n        raise LinkUsed\n",
                "    if not mine.exists():\n        raise LinkUsed\n"
                "    OneTimeSecret.objects.filter(pk=secret.pk).update(redeemed_at=now)\n",
            ),
            *_UNBOUND_RESET,
        ),
        tests=(
            "tests/attacks/test_S_races.py::test_S2_D4_two_simultaneous_resets_set_one_password",
        ),
        database="postgresql",
    ),
    Bug(
        name="link-outlives-password",
        row="D6",
        what="A reset link that was mailed before works after the password was changed.",
        whose="Flask-User, allauth < 0.35",
        changes=_UNBOUND_RESET,
        tests=(D + "test_D6_a_link_dies_with_what_it_was_made_for",),
    ),
    Bug(
        name="confirmed-by-get",
        row="B4",
        what="The program that looks through mail for malware confirms the address.",
        whose="Flask-User, better-auth",
        changes=(
            Change(
                "emails/views.py",
                "    is_logged_in: bool\n",
                "    is_logged_in: bool\n\n"
                "    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:\n"
                "        response = super().get(request, *args, **kwargs)\n"
                '        if hasattr(self, "secret"):\n'
                "            confirm_email(self.secret, request=request)\n"
                "        return response\n\n",
            ),
        ),
        tests=(B + "test_B4_looking_at_a_link_changes_nothing",),
    ),
    Bug(
        name="logged-in-by-link",
        row="A4",
        what="Who confirms is logged in to the account that somebody else has made.",
        whose="Flask-User, better-auth (autoSignInAfterVerification), Formbricks",
        changes=(
            Change(
                "emails/views.py",
                "is_known = self.asks_password or self.is_at_home",
                "is_known = True",
            ),
        ),
        tests=(
            "tests/attacks/test_A_registration.py::test_A4_confirming_in_another_browser_than_the_one_that_registered_logs_nobody_in",
        ),
    ),
    Bug(
        name="session-switched-by-link",
        row="B7",
        what="Who opens a link while being logged in goes on as somebody else.",
        whose="allauth #2080, Flask-User",
        changes=(
            Change(
                "emails/views.py",
                "if not is_known or self.request.user.is_authenticated:",
                "if not is_known:",
            ),
        ),
        tests=(B + "test_B7_even_in_the_browser_that_registered_another_session_is_not_switched",),
    ),
    Bug(
        name="two-owners",
        row="B11",
        what="Of two who claim an address both can prove it.",
        whose="naive",
        changes=(
            Change(
                "models/emails.py",
                '            models.UniqueConstraint(fields=["verified_key"], name="useraccounts_one_owner"),\n',
                "",
            ),
        ),
        tests=(B + "test_B11_of_two_who_claim_an_address_the_first_to_prove_it_owns_it",),
    ),
    Bug(
        name="no-mail-for-unknown",
        row="B8",
        what="Only an address that is known gets a mail, by which a queue or a bounce tells.",
        whose="Flask-User",
        changes=(
            Change(
                "emails/flows/confirming.py",
                'announce("no_account", to=to.text, request=request)',
                "pass",
            ),
        ),
        tests=(
            "tests/attacks/test_U_enumeration.py::test_U1_exactly_one_mail_goes_to_the_address_in_every_state",
        ),
    ),
    Bug(
        name="link-in-referer",
        row="D7",
        what="The next page, or a picture of somebody else's, reads the link in Referer.",
        whose="Flask-User, frontends of djoser",
        changes=(
            Change(
                "views.py",
                '        response.headers["Referrer-Policy"] = "no-referrer"\n',
                "",
            ),
        ),
        tests=(D + "test_D7_the_secret_leaves_the_url_and_no_page_loads_anything_from_elsewhere",),
    ),
)
