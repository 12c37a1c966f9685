"""What can go wrong with a membership, each as a fact with its sentence."""

from django.utils.translation import gettext_lazy as _

from ..errors import AccountError


class ReferenceTaken(AccountError):
    sentence = _("Another payment with this reference is recorded already.")
    field = "reference"


class NotForSale(AccountError):
    sentence = _("This plan cannot be bought here.")


class AlreadyMember(AccountError):
    sentence = _("You have this membership already.")


class NoCustomer(AccountError):
    sentence = _("There is nothing to manage yet: you have paid for nothing here.")


class EndsAtStripe(AccountError):
    sentence = _(
        "Stripe still charges for this subscription. Cancel it there: it then ends here, too."
    )


class RefundAtStripe(AccountError):
    sentence = _("This was paid through Stripe. Refund it there: its period then ends here, too.")


class StripeUnreachable(AccountError):
    sentence = _("The payment service does not answer. Nothing was charged. Please try again.")
    status = 503


class UnknownCustomer(StripeUnreachable):
    """Deleted at Stripe, or one of the other mode, or of another account."""


class UnknownSubscription(StripeUnreachable):
    """One of the other mode, or of another account: what has ended at Stripe is known there."""


class RefusedEvent(AccountError):
    """A webhook that is answered with 400 and changes nothing."""

    status = 400


class UnsignedEvent(RefusedEvent):
    sentence = _("The signature is missing, wrong or too old.")


class MalformedEvent(RefusedEvent):
    sentence = _("This is no event that Stripe sends.")


class ForeignEvent(RefusedEvent):
    sentence = _("This event is about somebody else than it says.")


class ReplayedEvent(RefusedEvent):
    sentence = _("This is what Stripe has sent before, sent once more by somebody.")


class UnknownPlan(RefusedEvent):
    sentence = _("This event is about a plan that this site does not have.")
