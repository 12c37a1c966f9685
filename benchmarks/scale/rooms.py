"""What people have in the optional rooms."""

from collections.abc import Iterator

from django_useraccounts.invitations.models import Invitation, InvitationUse
from django_useraccounts.memberships.models import (
    Membership,
    Payment,
    ProviderEvent,
    StripeCustomer,
)
from django_useraccounts.models import OneTimeSecret
from django_useraccounts.social.models import Connection

from .dialects import Words
from .rows import DAY, HERE, Rows, within
from .rules import ISSUER


class RowsOfRooms:
    """A part of the population."""

    words: Words
    plan: int

    def email(self, prefix: str = "") -> str:
        """Return the address of a person, or another one that begins otherwise."""
        raise NotImplementedError

    def of_rooms(self) -> Iterator[Rows]:
        words, member = self.words, f"{HERE} AND MOD(n, 20) = 1"
        digest = words.digest(f"'{ISSUER}'", words.digits)
        yield Rows(
            Connection,
            {
                "user_id": "n",
                "provider": "'guild'",
                "issuer": f"'{ISSUER}'",
                "subject": words.digits,
                "key": digest,
                "label": self.email(),
            },
            f"{HERE} AND MOD(n, 10) = 4",
        )
        paid_until = words.ago(f"{within(300 * DAY)} - {150 * DAY}")
        was_told = f"{within(300 * DAY)} > {150 * DAY} AND MOD(n, 500) <> 21"
        yield Rows(
            Membership,
            {
                "id": "n",
                "user_id": "n",
                "plan_id": str(self.plan),
                "is_open": "TRUE",
                "state": "'running'",
                "started_at": words.ago(f"{200 * DAY}"),
                "paid_from": words.ago(f"{300 * DAY}"),
                "paid_until": paid_until,
                "counts_until": paid_until,
                "end_told_at": f"CASE WHEN {was_told} THEN {words.ago('0')} END",
            },
            member,
        )
        reference = f"'transfer-' || {words.digits}"
        period = {"starts_at": words.ago(f"{300 * DAY}"), "ends_at": paid_until}
        payment = {"membership_id": "n", "reference": reference, "state": "'paid'", **period}
        yield Rows(Payment, payment, member)
        customer = f"'cus_' || {words.digits}"
        of = {"user_id": "n", "customer_id": customer}
        yield Rows(StripeCustomer, of, f"{HERE} AND MOD(n, 50) = 11")
        event = {"event_id": f"'evt_' || {words.digits}", "customer_id": customer}
        event |= {
            "kind": "'invoice.paid'",
            "received_at": words.ago(f"{within(89 * DAY)}"),
        }
        yield Rows(ProviderEvent, event, f"{HERE} AND MOD(n, 50) = 11")
        yield from self._invitations(f"{HERE} AND MOD(n, 50) = 12")

    def _invitations(self, of: str) -> Iterator[Rows]:
        words = self.words
        ends = words.ago(f"{within(40 * DAY)} - {14 * DAY}")
        accepted = "MOD(n, 100) = 12"
        used = f"CASE WHEN {accepted} THEN {words.ago(f'{DAY}')} END"
        link = {"id": words.uuid("invitation"), "purpose": "'accept_invitation'", "user_id": "n"}
        yield Rows(OneTimeSecret, {**link, "expires_at": ends, "redeemed_at": used}, of)
        email = self.email("guest.")
        to = {"email": email, "email_key": f"LOWER({email})", "expires_at": ends}
        uses = {"uses": f"CASE WHEN {accepted} THEN 1 ELSE 0 END"}
        invitation = {"id": "n", "link_id": words.uuid("invitation"), "invited_by_id": "n"}
        yield Rows(Invitation, {**invitation, **to, **uses}, of)
        # By whom comes next.
        use = {"invitation_id": "n", "user_id": "n - 1"}
        yield Rows(InvitationUse, use, f"{of} AND {accepted}")
