"""Accept the terms of service in the version that is in force."""

from django.contrib.auth import get_user_model
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from .. import signals
from ..conf import conf
from ..emails.flows.rows import locked
from ..errors import TermsChanged
from ..models import AbstractUser, AccountEvent


def accept_terms(user: AbstractUser, version: str, *, request: HttpRequest | None = None) -> None:
    """
    Note that ``user`` accepts ``version`` of the terms, the one that was shown, and when.

    To accept it once more changes nothing. Raises TermsChanged when another one is in force,
    UserVanished, and SessionEnded for what a session of the user does after its end.
    """
    if version != conf.TERMS_VERSION:
        raise TermsChanged
    now = timezone.now()
    rows = get_user_model()._default_manager.filter(pk=user.pk).exclude(terms_version=version)
    with transaction.atomic():
        locked(user, request=request)
        is_new = rows.update(terms_version=version, terms_accepted_at=now)
        if is_new:
            AccountEvent.objects.record(
                "terms_accepted",
                user=user,
                actor=user,
                details={"terms": version},
                request=request,
            )
            signals.send_on_commit(
                signals.terms_accepted, user=user, version=version, request=request
            )
    if is_new:
        user.terms_version, user.terms_accepted_at = version, now
