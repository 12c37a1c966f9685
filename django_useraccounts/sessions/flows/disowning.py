"""This was not me: who is told of a login can take the account back."""

from django.http import HttpRequest

from ...emails.flows import take_back
from ...models import OneTimeSecret
from .. import signals as news


def disown_login(
    secret: OneTimeSecret, *, request: HttpRequest | None = None
) -> OneTimeSecret | None:
    """
    Give an account back to its owner, who says that a login was somebody else's.

    All sessions and links end, the password stops working, no other browser is known any more, and
    the addresses are those of before the login. Each of them is mailed a link that sets a password;
    the one for the reader's own address is returned, if that is among them. Raises LinkUsed, and
    EmailTaken when all of the addresses belong to other accounts by now.
    """
    return take_back(secret, kind="login_disowned", signal=news.login_disowned, request=request)
