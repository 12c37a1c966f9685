"""Bugs of passwords: mailed to the wrong one, guessed, left open to who was there before."""

from tests.control.bug import Bug, Change

D = "tests/attacks/test_D_passwords.py::"

BUGS = (
    Bug(
        name="mailed-to-what-was-typed",
        row="D1",
        what="The link goes to the address that was typed, and not to the one that is stored.",
        whose="Django < 3.0.1 (CVE-2019-19844), allauth < 0.41",
        changes=(
            Change(
                "passwords/flows.py",
                "to=address.email,",
                "to=to.text,",
            ),
        ),
        tests=(D + "test_D1_another_spelling_of_the_same_address_mails_to_the_stored_one",),
    ),
    Bug(
        name="reset-for-switched-off",
        row="D10",
        what="Who was switched off is mailed a link.",
        whose="Flask-User",
        changes=(
            Change(
                "passwords/flows.py",
                "address = owned if owned and owned.user.is_active else None",
                "address = owned",
            ),
        ),
        tests=(
            D + "test_D10_the_answer_is_the_same_and_the_mail_tells_the_owner",
            "tests/attacks/test_U_enumeration.py::test_U1_exactly_one_mail_goes_to_the_address_in_every_state",
        ),
    ),
    Bug(
        name="reset-by-claim",
        row="D11",
        what="A link goes to an address that nobody has proved, for the account that claims it.",
        whose="allauth #2360, Flask-User",
        changes=(
            Change(
                "passwords/flows.py",
                "return addresses.not_gone(moment).filter(verified_key=key)",
                "return addresses.not_gone(moment).filter(email_key=key)",
            ),
        ),
        tests=(D + "test_D11_a_claim_that_nobody_proved_gets_no_link",),
    ),
    Bug(
        name="mail-server-tells",
        row="D13",
        what="While the mail server is away, the page fails for an address that is known.",
        whose="Django < 4.2.16, 5.1.1 (CVE-2024-45231)",
        changes=(
            Change(
                "mail.py",
                "    except Exception as error:\n        # Whatever the backend",
                "    except LookupError as error:\n        # Whatever the backend",
            ),
            Change("mail.py", "_set_out(mail.pk, how), robust=True)", "_set_out(mail.pk, how))"),
        ),
        tests=(D + "test_D13_a_mail_server_that_is_away_answers_the_same_for_known_and_unknown",),
    ),
    Bug(
        name="mail-bomb",
        row="D14",
        what="Whoever likes has a mailbox flooded.",
        whose="Flask-User, djoser by default",
        changes=(
            Change(
                "passwords/flows.py",
                '    spend("reset", identifier=to.key, request=request)\n',
                "",
            ),
        ),
        tests=(D + "test_D14_asking_again_and_again_sends_few_mails",),
    ),
    Bug(
        name="limit-by-spelling",
        row="D15",
        what="Every spelling of an address has a limit of its own.",
        whose="allauth < 0.44, < 0.51",
        changes=(
            Change(
                "passwords/flows.py",
                'spend("reset", identifier=to.key, request=request)',
                'spend("reset", identifier=email, request=request)',
            ),
        ),
        tests=(D + "test_D15_another_spelling_is_no_way_around_the_limit",),
    ),
    Bug(
        name="guessed-while-logged-in",
        row="M7",
        what="By a stolen session the password can be guessed without end.",
        whose="allauth < 65.2.0 (headless)",
        changes=(
            Change(
                "credentials.py",
                'spent = spend("password", identifier=str(user.pk), request=request)',
                "spent = None",
            ),
            Change("credentials.py", "    spent.forgive()\n", ""),
        ),
        tests=(D + "test_D16_a_stolen_session_cannot_guess_the_old_one_for_long",),
    ),
    Bug(
        name="trojan-identifier",
        row="A3",
        what="What a stranger has added waits on the account after its owner has taken it.",
        whose="Flask-User; Sudhodanan and Paverd, Pre-hijacked accounts (2022)",
        changes=(
            Change(
                "passwords/flows.py",
                "        drop_claims(user, request=request)\n",
                "",
            ),
        ),
        tests=(
            "tests/attacks/test_A_registration.py::test_A3_what_a_stranger_left_on_the_account_goes_when_the_owner_resets",
            D + "test_a_pending_address_of_a_stranger_is_dropped_by_a_reset_and_its_link_with_it",
        ),
    ),
    Bug(
        name="endless-password",
        row="R1",
        what="A password of megabytes is compared and hashed.",
        whose="Django < 1.5.4 (CVE-2013-1443)",
        changes=(
            Change("credentials.py", "PASSWORD_MAX_LENGTH = 1000", "PASSWORD_MAX_LENGTH = 10**8"),
        ),
        tests=(
            "tests/attacks/test_R_size.py::test_R1_a_huge_password_is_refused_before_it_is_hashed",
        ),
    ),
)
