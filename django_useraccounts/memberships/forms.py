"""The buttons of the room."""

from ..fields import AccountForm


class StartCheckoutForm(AccountForm):
    """A button: go and pay."""


class CustomerPortalForm(AccountForm):
    """A button: go to Stripe and manage what is paid there."""
