"""Each act leaves the events that belong to it, or is not done: ATTACKS.md, T8; ASVS 5.0, 16.3."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import OperationalError, connection

import django_useraccounts
import tests.faults.test_flows  # noqa: F401 - it reads all cases
from django_useraccounts.apps import UserAccountsConfig
from django_useraccounts.invitations.apps import InvitationsConfig
from django_useraccounts.memberships.apps import MembershipsConfig
from django_useraccounts.models import AccountEvent
from django_useraccounts.sentences import sentence_of
from django_useraccounts.sessions.apps import SessionsConfig
from django_useraccounts.social.apps import SocialConfig
from tests.faults.harness import CASES, Case, perform, prepared, states_of
from tests.faults.test_pages import PAGES

PACKAGE = Path(django_useraccounts.__file__).parent

#: What a flow leaves in all of its situations, short of those below.
OF_FLOW = {
    "accept_invitation": "role_granted invitation_accepted",
    "accept_terms": "terms_accepted",
    "add_email": "email_added",
    "add_user": "user_added",
    "change_password": "password_changed",
    "change_rights": "rights_changed",
    "change_username": "username_changed",
    "claim_again": "email_removed",
    "close_account": "account_closed",
    "confirm_email": "email_confirmed",
    "confirm_identity": "identity_confirmed",
    "confirm_identity_by": "identity_confirmed",
    "connect": "provider_connected",
    "connect_by_link": "provider_connected",
    "disconnect": "provider_disconnected",
    "disown_email": "email_disowned",
    "disown_login": "email_removed login_disowned",
    "edit_profile": "profile_edited",
    "end_logged_out": "logged_out",
    "end_other_sessions": "other_sessions_ended",
    "end_session": "session_ended",
    "end_membership": "role_revoked role_revoked membership_ended",
    "end_sessions": "sessions_ended",
    "erase_account": "account_erased",
    "erase_due": "account_erased account_erased",
    "extend_grant": "role_extended",
    "fetch_export": "export_fetched",
    "forgot_password": "password_link_requested",
    "grant_role": "role_granted",
    "hand_over": "email_removed provider_disconnected handed_over email_confirmed",
    "invite": "invited",
    "let_mail_through": "mail_let_through",
    "log_in": "logged_in",
    "log_in_by": "logged_in",
    "log_out": "logged_out",
    "make_primary": "primary_email_changed",
    "mend_drift": "emails_mended",
    "prune_unconfirmed": "account_pruned account_pruned",
    "record_payment": "role_granted payment_recorded",
    "record_refusal": "social_login_refused",
    "record_session": "logged_in new_login",
    "refund_payment": "role_revoked payment_refunded",
    "register": "registered",
    "register_identity": "registered provider_connected",
    "remove_email": "email_removed",
    "rename_role": "role_renamed",
    "reopen_account": "account_reopened",
    "report_undeliverable": "email_undeliverable",
    "request_export": "export_requested",
    "resend_invitation": "invitation_resent",
    "reset_password": "email_removed password_reset",
    "revoke_grant": "role_revoked",
    "revoke_role": "role_revoked",
    "send_mail_again": "mail_sent_again",
    "send_password_link": "password_link_sent",
    "set_password": "password_set",
    "start_checkout": "checkout_started",
    "switch_off": "switched_off",
    "switch_on": "switched_on",
    "sync_roles": "role_made role_changed",
    "undo_email_change": "email_removed email_removed email_change_undone",
    "withdraw_invitation": "invitation_withdrawn",
}

#: What is another thing, or more, in one situation.
OF_SITUATION = {
    "add_email-the_first_one_that_an_administrator_vouches_for": "email_confirmed",
    "apply_event-a_charge_that_is_given_back": "role_revoked payment_refunded",
    "apply_event-a_payment_that_fails": "payment_failed",
    "apply_event-an_invoice_of_which_stripe_has_sent_the_first_lines_alone": (
        "role_granted payment_recorded"
    ),
    "apply_event-another_plan": "role_granted role_revoked payment_recorded",
    "apply_event-the_end_of_a_subscription": "role_revoked membership_ended",
    "apply_event-the_first_invoice": "role_granted payment_recorded",
    "claim_again-the_same_address": "",
    "claim_again-the_one_that_the_provider_has_proved": "email_removed email_confirmed",
    "close_account-in_all_browsers": "account_closed logged_out",
    "confirm_email-one_that_takes_the_place_of_the_only_one": (
        "primary_email_changed email_confirmed"
    ),
    "connect-what_an_account_has_that_nobody_was_ever_in": (
        "provider_disconnected provider_connected"
    ),
    "end_membership-of_a_subscription_whose_end_was_not_heard_of": "role_revoked membership_ended",
    "log_in-and_connect_what_has_come_back": "provider_connected logged_in",
    "log_in-before_the_address_is_confirmed": "login_failed",
    "log_in-who_had_closed_the_account": "logged_in account_reopened",
    "log_in_by-who_is_known_and_has_to_confirm_first": "login_failed",
    "log_in_by-who_owns_the_address_here": "provider_connected logged_in",
    "log_in_by-whose_address_a_stranger_has_registered": (
        "provider_disconnected handed_over email_confirmed provider_connected logged_in"
    ),
    "register-with_an_invitation_and_another_address": (
        "registered role_granted invitation_accepted"
    ),
    "register-with_an_invitation_that_proves_the_address": (
        "email_confirmed registered role_granted invitation_accepted"
    ),
    "register-without_a_password_by_a_way_that_proves_the_address": "email_confirmed registered",
    "register_identity-with_a_proved_address": "email_confirmed registered provider_connected",
    "reset_password-of_somebody_whose_connection_is_older_than_the_proof": (
        "provider_disconnected password_reset"
    ),
    "undo_email_change-after_a_thief_who_has_connected_himself": (
        "provider_disconnected email_change_undone"
    ),
}

#: What leaves no event, and why.
NO_EVENT = {
    "mail_connect_link": "mails a link, which does nothing before it is used",
    "make_due_exports": "packs what was asked for; that, and the download, are events",
    "note_browser": "a part of log_in, which writes login_failed",
    "prune": "deletes what nobody asks for any more",
    "remind_members": "mails news",
    "remind_of_ends": "mails news",
    "resend_confirmation": "mails a link, which does nothing before it is used",
    "send_confirmation": "mails a link, which does nothing before it is used",
    "stop_renewals": "asks Stripe; what Stripe then tells is an event",
    "tell_begun": "mails news",
    "tell_ended": "mails news",
}

#: Who has acted is nobody's account, and why.
NOBODYS = {
    "account_erased": "the command, when the time is over",
    "account_pruned": "the command, when the time is over",
    "email_change_undone": "whoever reads the mailbox",
    "email_disowned": "whoever reads the mailbox",
    "email_removed": "a part of what locks a thief out",
    "email_undeliverable": "a mail server",
    "emails_mended": "a command",
    "handed_over": "a provider has told who it is",
    "login_disowned": "whoever reads the mailbox",
    "login_failed": "nobody has proved to be anybody",
    "membership_ended": "Stripe, or code",
    "password_link_requested": "anybody can type an address",
    "payment_failed": "Stripe",
    "payment_recorded": "Stripe, or code",
    "payment_refunded": "Stripe, or code",
    "provider_disconnected": "a part of what locks a thief out",
    "role_changed": "a command",
    "role_granted": "the site itself, for a payment",
    "role_made": "a command",
    "role_revoked": "the site itself, for a payment",
    "social_login_refused": "nobody was let in",
}

pytestmark = [pytest.mark.usefixtures("_rows"), pytest.mark.one_database]


def expected(case: Case) -> list[str]:
    """Return the kinds of events that a case has to leave."""
    if case.flow.__name__ in NO_EVENT:
        return []
    return OF_SITUATION.get(str(case), OF_FLOW.get(case.flow.__name__, "")).split()


def newest() -> int:
    """Return the key of the newest event."""
    return AccountEvent.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_flow_leaves_its_events_and_each_says_who_did_what(
    case: Case, set_conf: Callable[..., None]
) -> None:
    set_conf(**case.conf)
    act = prepared(case)
    before = newest()

    perform(act)

    events = list(AccountEvent.objects.filter(pk__gt=before).order_by("pk"))
    assert [event.kind for event in events] == expected(case)
    for event in events:
        assert event.actor_id is not None or event.kind in NOBODYS, event.kind
        assert sentence_of(event) != event.kind


# The loop of test_flows fails every statement of every flow, these among them; here is said which.
@pytest.mark.parametrize("case", [case for case in CASES if expected(case)], ids=str)
def test_T8_what_cannot_be_written_down_is_not_done(
    case: Case, set_conf: Callable[..., None]
) -> None:
    set_conf(**case.conf)
    states = [*states_of(case)]
    act = prepared(case)

    with connection.execute_wrapper(refuse_events):
        outcome = perform(act)

    assert isinstance(outcome.raised, OperationalError) or outcome.logged
    assert outcome.rows in states
    assert outcome.news == []


def refuse_events(
    execute: Callable[..., object], sql: str, params: object, many: bool, context: object
) -> object:
    """Execute a statement, unless it writes an event."""
    if sql.startswith("INSERT INTO") and AccountEvent._meta.db_table in sql[:60]:
        raise OperationalError("disk full")
    return execute(sql, params, many, context)


@pytest.mark.parametrize("case", PAGES, ids=str)
def test_what_is_done_by_a_page_says_by_which_and_from_where(
    case: Case, set_conf: Callable[..., None]
) -> None:
    set_conf(**case.conf)
    if "PROVIDERS" in case.conf:
        set_conf(SOCIAL=case.conf)
    act = prepared(case)
    before = newest()

    perform(act)

    events = AccountEvent.objects.filter(pk__gt=before)
    # What locks a thief out is a part of something, whose event says it.
    events = events.exclude(kind="provider_disconnected", actor=None)
    assert {event.client_address for event in events} <= {"127.0.0.1"}
    assert all(event.via.startswith("useraccounts:") for event in events)
    assert events.exists()


# The code


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield str(path.relative_to(PACKAGE)), ast.parse(path.read_text())


def is_record(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "record"
    )


def kinds_in(tree: ast.Module) -> Iterator[str]:
    """Yield the kinds that a module records, also by a function that takes the kind."""
    takers = {"record", "note_role", "note_plan", "_note", "take_back", "_record_later"}
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        calls = [node for node in ast.walk(function) if is_record(node)]
        named = {call.args[0].id for call in calls if isinstance(call.args[0], ast.Name)}
        if named & {argument.arg for argument in function.args.args}:
            takers.add(function.name)
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in named:
                yield from texts(node.value)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and name_of(node) in takers:
            for value in [*node.args[:1], *(w.value for w in node.keywords if w.arg == "kind")]:
                yield from texts(value)


def name_of(call: ast.Call) -> str:
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def texts(node: ast.AST) -> Iterator[str]:
    branches = [node.body, node.orelse] if isinstance(node, ast.IfExp) else [node]
    for branch in branches:
        if isinstance(branch, ast.Constant) and isinstance(branch.value, str):
            yield branch.value


def test_each_kind_that_is_recorded_anywhere_has_a_sentence_and_no_sentence_is_left_over() -> None:
    rooms = {
        "invitations": InvitationsConfig,
        "memberships": MembershipsConfig,
        "sessions": SessionsConfig,
        "social": SocialConfig,
    }
    found: dict[type, set[str]] = {}
    for name, tree in modules():
        room = rooms.get(name.split("/")[0], UserAccountsConfig)
        found.setdefault(room, set()).update(kinds_in(tree))

    of_core = set(UserAccountsConfig.sentences)
    for room, kinds in found.items():
        # A room may record what core does, too, such as a login.
        assert kinds - of_core == set(room.sentences) - of_core, room
    assert found[UserAccountsConfig] == of_core


#: Functions that record and have no request, and why.
NO_REQUEST = {
    "_drop_account": "a command",
    "drop": "a command",
    "_erase": "a command, or code",
    "_mend_once": "a command",
    "_note_failure": "Stripe asks, whose address is no person's",
    "_save_new_password": "code",
    "_tell": "undeliverable: a mail server",
    "create_superuser": "a command, or code",
    "release": "who confirms there is not who is told of here",
}


def test_every_event_is_given_the_request_if_there_can_be_one() -> None:
    without = {
        function.name
        for _name, tree in modules()
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for call in ast.walk(function)
        if is_record(call) and "request" not in {word.arg for word in call.keywords}
    }

    assert without == set(NO_REQUEST)


def test_the_lists_name_what_is_there() -> None:
    flows = {case.flow.__name__ for case in CASES}
    assert set(OF_FLOW) | set(NO_EVENT) | {"apply_event"} == flows
    assert set(OF_SITUATION) <= {str(case) for case in CASES}
