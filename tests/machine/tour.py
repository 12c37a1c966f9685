"""
A walk through the rules by hand: ``python -m tests.machine.tour`` prints the flows that they reach.

By chance, ten thousand steps leave some out.
"""

import cProfile
import json
import os
from collections.abc import Callable
from inspect import unwrap
from typing import Any

import django

from tests.machine.cast import MALLORY, PABLO, VICTORIA


def own_account(play: Any) -> None:
    play.settle("plain", "members")
    play.change_password(who=VICTORIA, at=0, password=1)
    play.change_username(who=VICTORIA, at=0, name=1)
    play.edit_profile(who=VICTORIA, at=0, name=1)
    play.add_email(who=VICTORIA, at=0, address=1)
    play.send_confirmation(who=VICTORIA, at=0, number=0)
    follow(play, VICTORIA, "confirm_email")
    play.forget_password(who=VICTORIA, at=0, address=0)
    follow(play, VICTORIA, "reset_password")
    play.make_primary_email(who=VICTORIA, at=0, number=1)
    play.remove_email(who=VICTORIA, at=0, number=0)
    follow(play, VICTORIA, "undo_email_change")
    play.ask_for_confirmation(who=VICTORIA, at=0, address=0)
    play.log_out(who=VICTORIA, at=0)


def sessions_and_leaving(play: Any) -> None:
    play.settle("plain", "members")
    play.log_in(who=PABLO, at=0, whom=0, by_address=True, remember=False)
    play.log_in(who=PABLO, at=1, whom=0, by_address=True, remember=True)
    play.look_at_sessions(who=PABLO, at=0)
    play.end_session(who=PABLO, at=0, number=0)
    play.log_in(who=PABLO, at=1, whom=0, by_address=True, remember=False)
    play.end_other_sessions(who=PABLO, at=0)
    play.wait(length=60)
    play.export_account(who=PABLO, at=0)
    follow(play, PABLO, "fetch_export")
    follow(play, PABLO, "disown_login")
    play.close_account(who=VICTORIA, at=0, sure=0)
    play.log_in(who=VICTORIA, at=0, whom=0, by_address=True, remember=False)
    play.close_account(who=VICTORIA, at=0, sure=0)
    play.register(who=MALLORY, at=0, name=5, address=4, password=0)
    play.wait(length=45000)
    play.prune()


def strangers(play: Any) -> None:
    play.settle("plain", "empty")
    play.register(who=MALLORY, at=0, name=4, address=0, password=0)
    play.log_in(who=MALLORY, at=1, whom=4, by_address=False, remember=False)
    follow(play, VICTORIA, "confirm_email")
    play.register(who=PABLO, at=0, name=0, address=0, password=0)
    follow(play, PABLO, "confirm_email")
    play.settle("optional-usernames", "members")
    play.change_terms(version="2")
    play.edit_profile(who=VICTORIA, at=0, name=1)


def invitations(play: Any) -> None:
    play.settle("plain", "members")
    for friend in (0, 1):
        play.invite(who=PABLO, at=0, friend=friend, as_host=False, by_mail=True)
    play.resend_invitation(who=PABLO, at=0, number=0)
    play.withdraw_invitation(who=PABLO, at=0, number=1)
    play.look_at_profile(who=VICTORIA, at=0)
    follow(play, VICTORIA, "accept_invitation")
    play.deploy(may_invite=False)
    play.invite(who=PABLO, at=0, friend=0, as_host=False, by_mail=False)


def other_doors(play: Any) -> None:
    for site, by_address in (("login-by-email", False), ("login-by-username", True)):
        play.settle(site, "members")
        # By the other name nobody is let in: the rule sees to it.
        play.log_in(who=VICTORIA, at=0, whom=0, by_address=by_address, remember=False)
    play.settle("closed", "empty")
    play.register(who=VICTORIA, at=0, name=0, address=0, password=0)
    play.invite_by_page(friend=0)
    follow(play, VICTORIA, "accept_invitation")
    if len(play.memory.accounts_of(VICTORIA)) != 1:
        raise AssertionError("who is invited does not get in")


def without_addresses(play: Any) -> None:
    play.settle("without-addresses", "members")
    play.change_password(who=PABLO, at=0, password=1)
    play.register(who=MALLORY, at=0, name=5, address=0, password=0)


def providers(play: Any) -> None:
    play.settle("plain", "empty")
    came = {"who": PABLO, "at": 0, "way": "complete_registration", "name": 0}
    play.come_by_provider(**came, number=0, address=1)
    play.wait(length=60)
    play.export_account(who=PABLO, at=0)
    play.set_password(who=PABLO, at=0, password=0)
    play.disconnect_provider(who=PABLO, at=0, number=0)
    # Whose address waits to be confirmed comes again.
    came = {"who": VICTORIA, "at": 0, "way": "complete_registration", "name": 0}
    for _number in range(2):
        play.come_by_provider(**came, number=3, address=0)
    play.register(who=MALLORY, at=0, name=4, address=5, password=0)
    play.settle("connect-by-email", "empty")
    play.register(who=MALLORY, at=0, name=4, address=1, password=0)
    play.come_by_provider(**came, number=0, address=1)
    play.settle("plain", "members")
    play.connect_provider(who=PABLO, at=0, number=0)
    play.vouch_for_address(number=0, address=1)
    play.come_by_provider(who=VICTORIA, at=0, number=0, way="mail_connect_link", name=0, address=0)
    follow(play, VICTORIA, "connect_by_link")
    # Who lets into one account is let into no other.
    play.connect_provider(who=MALLORY, at=0, number=0)
    play.steal_session(victim=PABLO, at=0)
    play.connect_provider(who=MALLORY, at=0, number=0)


def administration(play: Any) -> None:
    play.settle("plain", "members")
    play.add_user(whom=PABLO, name=1, address=1, confirmed=True)
    play.vouch_for_address(number=0, address=1)
    play.switch_off(number=0)
    play.switch_on(number=0)
    play.end_sessions(number=0)
    play.send_password_link(number=0)
    play.change_rights(who="deputy", right="is_staff")
    play.deploy(may_invite=True)
    play.grant_role(number=0, role="artist", days=5)
    play.extend_grant(number=0, days=5)
    play.revoke_grant(number=0)
    play.grant_role(number=0, role="artist", days=0)
    play.revoke_role(number=0, role="artist")
    play.mail_server_changes(mood="bounces")
    play.forget_password(who=VICTORIA, at=0, address=0)
    play.forget_password(who=VICTORIA, at=0, address=0)
    play.mail_server_changes(mood="delivers")
    play.end_sessions(number=0)
    play.send_mail_again(number=0)
    play.let_mail_through()


def money(play: Any) -> None:
    play.settle("plain", "members")
    play.start_checkout(who=VICTORIA, at=0)
    play.open_portal(who=VICTORIA, at=0)
    for what in ("told", "paid"):
        play.stripe_tells(number=0, what=what, period=0, is_forged=False)
    play.record_payment(number=1, days=20)
    play.refund_payment(number=1)
    play.record_payment(number=1, days=20)
    play.end_membership(number=1)
    play.remind()
    play.record_payment(number=2, days=8)
    play.switch_off(number=0)
    play.wait(length=1500)
    play.remind()


PARTS: tuple[Callable[[Any], None], ...] = (
    *(own_account, sessions_and_leaving, strangers, invitations),
    *(other_doors, without_addresses, providers, administration, money),
)


def follow(play: Any, who: str, purpose: str) -> None:
    """Use the newest link of a purpose that somebody has in the mailboxes."""
    numbers = (n for n in range(16) if getattr(play.link(who, n), "purpose", "") == purpose)
    play.use_link(who=who, at=0, number=next(numbers), password=0)


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.machine.settings"
    django.setup()
    from tests.flows import public_flows
    from tests.machine.driver import Machine, make_the_world

    with make_the_world(), cProfile.Profile(builtins=False) as profile:
        for part in PARTS:
            play = Machine()
            part(play)
            play.teardown()
    called = {entry.code for entry in profile.getstats()}
    flows = public_flows().items()
    print(json.dumps([name for name, flow in flows if unwrap(flow).__code__ in called]))


if __name__ == "__main__":
    main()
