"""Bugs of registering and logging in."""

from tests.control.bug import Bug, Change

A, C = "tests/attacks/test_A_registration.py::", "tests/attacks/test_C_login.py::"
U = "tests/attacks/test_U_enumeration.py::"

BUGS = (
    Bug(
        name="claim-blocks-owner",
        row="A5",
        what="An address that somebody has only typed is taken for everybody else.",
        whose="pinax, Flask-User",
        changes=(
            Change(
                "registration/flows.py",
                "owners = UserEmail.objects.confirmed().not_gone()",
                "owners = UserEmail.objects.not_gone()",
            ),
        ),
        tests=(A + "test_A5_a_claim_that_nobody_proved_does_not_keep_the_owner_out",),
    ),
    Bug(
        name="taken-address-told",
        row="U1",
        what="Who registers is told that an address has an account.",
        whose="Devise (unless paranoid), Flask-User, allauth 0.63.4",
        changes=(
            Change(
                "registration/flows.py",
                "if len(owned) < len(in_the_way):",
                "if in_the_way:",
            ),
        ),
        tests=(U + "test_U1_U4_every_state_of_an_account_looks_and_costs_the_same",),
    ),
    Bug(
        name="told-by-the-clock",
        row="U1",
        what="Whoever asks for a new password with a clock is told whether there is an account.",
        whose="allauth (registration, login by e-mail), naive",
        changes=(
            Change(
                "views.py",
                'if request.method != "POST":',
                "if True:",
            ),
        ),
        tests=(
            "tests/ground/test_timing.py::test_U_a_form_that_names_somebody_is_answered_in_step",
        ),
    ),
    Bug(
        name="second-click",
        row="A9",
        what="A form that is sent twice reads the second time that its own name is taken.",
        whose="naive",
        changes=(
            Change(
                "registration/flows.py",
                "self.to, registration_key=self.registration_key)",
                "self.to, registration_key=None)",
            ),
        ),
        tests=(A + "test_A9_sending_the_same_form_twice_makes_one_account_and_the_same_answer",),
    ),
    Bug(
        name="closed-but-posted",
        row="A10",
        what="Where registration is closed the page is not shown, and its form is taken.",
        whose="Flask-User",
        changes=(
            Change(
                "registration/views.py",
                "if not self.is_open():",
                'if self.request.method == "GET" and not self.is_open():',
            ),
            Change(
                "registration/flows.py",
                "if admission is None and not policy().may_register(request=request):",
                "if admission is None and request is None:",
            ),
        ),
        tests=(A + "test_A10_a_closed_registration_lets_nobody_in_by_a_direct_post",),
    ),
    Bug(
        name="blank-password",
        row="A12",
        what="Who has no password gets the hash of the empty one.",
        whose="allauth < 65.11.1",
        changes=(
            Change(
                "registration/flows.py",
                "password_hash=make_password(password),",
                'password_hash=make_password(password or ""),',
            ),
        ),
        tests=(
            "tests/social/test_arriving.py::test_a_proved_address_is_confirmed_without_a_mail_and_the_person_is_in",
        ),
    ),
    Bug(
        name="password-like-name",
        row="A11",
        what="A password may be the username or the address.",
        whose="Flask-User, pinax",
        changes=(
            Change(
                "fields.py",
                "validate_password(password, user, validators)",
                "validate_password(password, None, validators)",
            ),
        ),
        tests=(A + "test_A11_a_password_that_is_the_name_or_the_address_is_refused",),
    ),
    Bug(
        name="password-in-report",
        row="A13",
        what="The report of an error shows what was typed as the password.",
        whose="django-registration < 3.1.2 (CVE-2021-21416)",
        changes=(
            Change("views.py", "[sensitive_post_parameters(), csrf_protect]", "[csrf_protect]"),
        ),
        tests=(A + "test_A13_no_password_is_in_the_report_of_an_error",),
    ),
    Bug(
        name="login-by-claim",
        row="C10",
        what="An address that nobody has proved logs in.",
        whose="allauth #2627, Flask-User",
        changes=(Change("backends.py", "emails__verified_key=Slot", "emails__email_key=Slot"),),
        tests=(
            C + "test_C10_an_address_that_is_not_proved_logs_nobody_in",
            C + "test_C10_somebody_elses_claim_of_my_address_does_not_log_me_in_elsewhere",
        ),
    ),
    Bug(
        name="no-hash-for-unknown",
        row="U2",
        what="No password is hashed for an unknown name, which a clock tells.",
        whose="Django < 4.2.14 (CVE-2024-39329), allauth",
        changes=(Change("backends.py", "make_password(password[:PASSWORD_MAX_LENGTH])", "pass"),),
        tests=(U + "test_U1_U2_exactly_one_hash_in_every_state",),
    ),
    Bug(
        name="own-check-of-password",
        row="C9",
        what="The page checks the password itself when the backends have refused.",
        whose="djoser < 2.3.0 (CVE-2024-21543)",
        changes=(
            Change(
                "login/flows.py",
                "    if user is None:\n",
                "    if user is None:\n"
                "        users = auth.get_user_model().objects.filter(username=identifier)\n"
                "        user = next((u for u in users if u.check_password(password)), None)\n"
                "    if user is None:\n",
            ),
        ),
        tests=(
            "tests/login/test_login.py::test_a_policy_that_says_no_looks_like_a_wrong_password",
        ),
    ),
    Bug(
        name="session-fixation",
        row="C4",
        what="A login goes on in the session that the browser came with.",
        whose="Keycloak's SAML adapters (CVE-2024-7341), sessions made by hand",
        changes=(
            Change(
                "login/flows.py",
                "auth.login(request, user)",
                'request.session["_auth_user_id"] = str(user.pk)\n'
                '        request.session["_auth_user_backend"] = user.backend\n'
                '        request.session["_auth_user_hash"] = user.get_session_auth_hash()\n'
                "        request.user = user\n"
                "        auth.user_logged_in.send(type(user), request=request, user=user)",
            ),
        ),
        tests=(C + "test_C4_a_planted_session_is_worth_nothing_after_the_login",),
    ),
    Bug(
        name="login-csrf",
        row="C5",
        what="The form of another site logs the visitor in, as somebody else.",
        whose="Flask-Security-Too < 3.4.5 (CVE-2021-21241)",
        changes=(
            Change(
                "views.py",
                "decorators.csrf import csrf_protect",
                "decorators.csrf import csrf_exempt as csrf_protect",
            ),
        ),
        tests=(C + "test_C5_a_form_of_another_site_does_nothing",),
    ),
    Bug(
        name="logout-by-get",
        row="C6",
        what="A picture on another site logs the visitor out.",
        whose="Flask-User, Django < 5.0, samples of Flask-Login",
        changes=(
            Change(
                "login/views.py",
                '    success_message = _("You are logged out.")\n',
                '    success_message = _("You are logged out.")\n\n'
                "    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:\n"
                "        log_out(request=request)\n"
                "        return HttpResponseRedirect(self.get_success_url())\n",
            ),
        ),
        tests=(C + "test_C6_a_picture_cannot_log_anybody_out",),
    ),
    Bug(
        name="switched-off-by-another-way",
        row="C8",
        what="An account that is switched off opens to who comes by another way than the password.",
        whose="allauth < 0.36.0",
        changes=(
            Change(
                "backends.py",
                "if not user.is_active or user.is_gone or",
                "if user.is_gone or",
            ),
        ),
        tests=(
            "tests/attacks/test_G_social_visitors.py::test_C8_an_account_that_is_switched_off_stays_shut",
            "tests/attacks/test_seams.py::test_C8_a_second_registration_logs_nobody_in_who_is_switched_off",
        ),
    ),
)
