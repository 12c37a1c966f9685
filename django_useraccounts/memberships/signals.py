"""News about memberships, sent after the commit, like those of ``django_useraccounts.signals``."""

from django.dispatch import Signal

#: A period was paid for. Arguments: ``user``, ``payment``, ``request``.
paid = Signal()
#: A payment has failed for the first time. Arguments: ``user``, ``payment``, ``request``.
payment_failed = Signal()
#: A payment was given back, and its period ended. Arguments: ``user``, ``payment``, ``request``.
refunded = Signal()
#: A membership was ended before its time, or cancelled at Stripe. Arguments: ``user``,
#: ``membership``, ``request``.
membership_ended = Signal()
