"""What the pages of the room send: nothing but that it is meant."""

from ..fields import AccountForm


class EndSessionForm(AccountForm):
    """End one session."""


class EndOtherSessionsForm(AccountForm):
    """End all others."""


class DisownLoginForm(AccountForm):
    """Say that a login was somebody else's."""
