"""Give a key back."""

from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from django_useraccounts.errors import AccountError
from django_useraccounts.mail import announce
from django_useraccounts.models import AbstractUser, AccountEvent

from .models import Key


class NoSuchKey(AccountError):
    sentence = _("You have no key to this door.")
    field = "door"


def return_key(user: AbstractUser, door: str, *, request: HttpRequest | None = None) -> None:
    """Take the key back, write it down, and confirm it by mail; raises NoSuchKey."""
    with transaction.atomic():
        if not Key.objects.filter(keeper=user, door=door).delete()[0]:
            raise NoSuchKey
        AccountEvent.objects.record(
            "key_returned", user=user, actor=user, details={"door": door}, request=request
        )
        announce("key_returned", to=user.email, user=user, request=request)
