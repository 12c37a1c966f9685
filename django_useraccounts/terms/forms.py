"""What somebody ticks who agrees."""

from ..fields import AccountForm, TermsField


class AcceptTermsForm(AccountForm):
    """The terms that the page shows, accepted."""

    terms = TermsField()
