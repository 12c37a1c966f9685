"""Bugs of logins by a provider: an answer of, for, or about somebody else."""

from tests.control.bug import Bug, Change

STATES = "tests/attacks/test_G_social_states.py::"
PROTOCOL = "tests/social/test_protocol.py::"
ARRIVING, CONNECTING = "tests/social/test_arriving.py::", "tests/social/test_connecting.py::"

BUGS = (
    Bug(
        name="state-replayed",
        row="G2",
        what="A state counts as often as a session can be put back that has it.",
        whose="Authlib 1.9.9",
        changes=(
            Change(
                "social/attempts.py",
                'if not is_first("social_state", state, seconds=2 * ATTEMPT_MAX_AGE):',
                "if False:",
            ),
        ),
        tests=(STATES + "test_G2_not_even_a_session_that_is_put_back_brings_a_state_back",),
    ),
    Bug(
        name="state-too-old",
        row="G2",
        what="A login can be finished hours after it was begun.",
        whose="Authlib 1.9.9 (the end of a state is not read)",
        changes=(
            Change(
                "social/attempts.py",
                'if not 0 <= _now() - found["at"] <= ATTEMPT_MAX_AGE:',
                "if False:",
            ),
        ),
        tests=(STATES + "test_G2_an_answer_that_comes_too_late_lets_nobody_in",),
    ),
    Bug(
        name="mix-up",
        row="G3",
        what="The code of an honest provider is sent to another one.",
        whose="Authlib (iss is not looked at)",
        changes=(
            Change(
                "social/providers/base.py",
                'if pending.get("issuer") != self.issuer or answer.get("iss", self.issuer) != self.issuer:',
                "if False:",
            ),
        ),
        tests=(
            STATES + "test_G3_the_answer_of_another_provider_is_sent_no_code",
            PROTOCOL + "test_G3_the_answer_of_another_issuer_is_refused_before_it_gets_the_code",
        ),
    ),
    Bug(
        name="no-pkce",
        row="G4",
        what="A code that was stolen is good in another browser.",
        whose="Authlib (off unless it is asked for)",
        changes=(
            Change(
                "social/protocol/grant.py",
                '            code_challenge_method="S256",\n',
                "",
            ),
        ),
        tests=(PROTOCOL + "test_every_login_is_bound_to_its_browser_by_secrets_of_its_own",),
    ),
    Bug(
        name="no-nonce",
        row="G4",
        what="An ID token that was made for another login is taken.",
        whose="clients that send no nonce, or do not look at it",
        changes=(
            Change(
                "social/protocol/id_token.py",
                'if expected.nonce is not None and not _same(claims.get("nonce"), expected.nonce):',
                "if False:",
            ),
        ),
        tests=(PROTOCOL + "test_an_id_token_that_is_not_meant_for_this_login_is_refused",),
    ),
    Bug(
        name="verified-as-text",
        row="G7",
        what="The text “false” says that an address is verified.",
        whose="many",
        changes=(
            Change(
                "social/providers/base.py",
                'claims.get("email_verified") is not True',
                'not claims.get("email_verified")',
            ),
        ),
        tests=(PROTOCOL + "test_G7_only_the_boolean_true_says_that_an_address_is_verified",),
    ),
    Bug(
        name="any-word-is-proof",
        row="G7",
        what="A provider proves an address of a domain that it does not run.",
        whose="clients of Microsoft's (nOAuth), of providers that verify nothing",
        changes=(
            Change(
                "social/providers/base.py",
                'return "*" in self.domains or domain in trusted or self.hosts(domain, claims)',
                "return bool(domain in trusted or self)",
            ),
        ),
        tests=(ARRIVING + "test_G7_a_provider_proves_no_address_of_a_domain_that_it_does_not_run",),
    ),
    Bug(
        name="handed-over-with-a-thief",
        row="G8",
        what="An account that a stranger has made is handed to the owner with his password.",
        whose="better-auth < 1.6; Sudhodanan and Paverd (2022)",
        changes=(
            Change(
                "emails/flows/handing_over.py",
                "        _take_all(user, but=address, request=request)\n",
                "",
            ),
        ),
        tests=(ARRIVING + "test_G8_a_stranger_who_registered_the_address_first_keeps_nothing",),
    ),
    Bug(
        name="another-identity-connected",
        row="G13",
        what="What was begun with one identity is finished with another one.",
        whose="Keycloak (CVE-2026-9087)",
        changes=(
            Change(
                "social/views/pages.py",
                "if shown and shown != self.identity.key:",
                "if False:",
            ),
        ),
        tests=(ARRIVING + "test_another_identity_than_the_page_has_shown_is_not_connected",),
    ),
    Bug(
        name="last-way-in",
        row="G14",
        what="Who has no password disconnects the only way in, and the account is lost.",
        whose="naive",
        changes=(
            Change(
                "social/flows/connecting.py",
                "if is_own and not has_password_way_in(fresh) and not others.exists():",
                "if False:",
            ),
        ),
        tests=(CONNECTING + "test_G14_the_only_way_in_stays",),
    ),
    Bug(
        name="last-ways-in-at-once",
        row="S6",
        what="The last two ways in that are cut at once leave none.",
        whose="naive",
        changes=(
            Change(
                "social/flows/connecting.py",
                "fresh = locked(user, request=request)",
                "fresh = users.get(pk=user.pk)",
            ),
        ),
        tests=(
            "tests/attacks/test_S_races_of_social.py::test_S6_of_the_last_two_ways_in_one_stays",
        ),
        database="postgresql",
    ),
    Bug(
        name="userinfo-of-another",
        row="G16",
        what="The address of somebody else is taken, whom userinfo tells of.",
        whose="Authlib (left to the caller)",
        changes=(
            Change(
                "social/providers/openid.py",
                'if told.get("sub") != signed["sub"]:',
                "if False:",
            ),
        ),
        tests=(
            "tests/attacks/test_G_social.py::test_G16_userinfo_of_somebody_else_lets_nobody_in",
        ),
    ),
    Bug(
        name="address-by-provider",
        row="G17",
        what="A login writes the address that the provider says over the proved one.",
        whose="Keycloak (CVE-2023-0105)",
        changes=(
            Change(
                "social/flows/arriving.py",
                "    if owner:\n",
                "    if owner:\n"
                "        owner.email = identity.email\n"
                '        owner.save(update_fields=["email"])\n',
            ),
        ),
        tests=(
            "tests/attacks/test_G_social_thieves.py::test_G17_an_address_that_a_provider_tells_later_is_nobodys_here",
        ),
    ),
    Bug(
        name="new-owner-of-address",
        row="G19",
        what="Who has bought a domain, and so its addresses, comes in as who had them before.",
        whose="clients that know people by address (Google Workspace, Truffle Security 2025)",
        changes=(
            Change(
                "social/flows/arriving.py",
                "if Connection.objects.filter(user=user, issuer=identity.issuer).exists():",
                "if False:",
            ),
        ),
        tests=(
            "tests/attacks/test_G_social_thieves.py::test_G19_the_new_owner_of_an_address_is_not_the_one_before",
        ),
    ),
    Bug(
        name="no-id-token",
        row="G23",
        what="Where the ID token lacks, userinfo says who it is: for a token of anybody's site.",
        whose="callers of Authlib 1.9.9, which goes on in silence",
        changes=(
            Change(
                "social/providers/openid.py",
                '            raise BadAnswer("no_id_token")\n',
                "            endpoint = self.metadata().userinfo_endpoint\n"
                '            return self.userinfo(endpoint, str(token["access_token"]))\n',
            ),
        ),
        tests=(PROTOCOL + "test_G23_without_an_id_token_nobody_is_logged_in_by_userinfo",),
    ),
)
