"""Is this the password of a user who is known already?"""

from django.contrib.auth.hashers import check_password
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from .errors import WrongPassword
from .limits import spend
from .models import AbstractUser, AccountEvent

#: Characters. NIST SP 800-63B-4, 3.1.1.2 asks for at least 64; beyond this nobody types, and
#: whoever sends megabytes does not have them hashed.
PASSWORD_MAX_LENGTH = 1000


@sensitive_variables()
def check_own_password(user: AbstractUser, password: str, *, request: HttpRequest | None) -> None:
    """Raise WrongPassword, or TooManyAttempts, so that a stolen session is no way to guess it."""
    spent = spend("password", identifier=str(user.pk), request=request)
    # Not user.check_password(): it may renew the hash, which would end this very session.
    if len(password) > PASSWORD_MAX_LENGTH or not check_password(password, user.password):
        AccountEvent.objects.record("identity_refused", user=user, request=request)
        raise WrongPassword
    spent.forgive()
