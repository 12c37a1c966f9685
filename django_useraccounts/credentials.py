"""Is this the password of a user who is known already?"""

from django.contrib.auth.hashers import check_password
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from .errors import WrongPassword
from .limits import spend
from .models import AbstractUser, AccountEvent


@sensitive_variables()
def check_own_password(user: AbstractUser, password: str, *, request: HttpRequest | None) -> None:
    """Raise WrongPassword, or TooManyAttempts, so that a stolen session is no way to guess it."""
    spent = spend("password", identifier=str(user.pk), request=request)
    # Not user.check_password(): it may renew the hash, which would end this very session.
    if not check_password(password, user.password):
        AccountEvent.objects.record("identity_refused", user=user, request=request)
        raise WrongPassword
    spent.forgive()
