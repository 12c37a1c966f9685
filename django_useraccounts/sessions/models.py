"""Where people are logged in: a row for each session, which says how long that may go on."""

import uuid
from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ..models import AbstractUser
from ..secrets import UNDO_MAX_AGE, Purpose, register_purpose
from .conf import conf

AGENT_MAX_LENGTH = 255
#: How long a row is kept after its session was used last: as long a browser is known by it.
KEPT = timedelta(days=180)

#: Made here, so that whoever delivers mail knows it: models are imported in every process. A new
#: password does not void it, since whoever stole the account sets one.
DISOWN_LOGIN = register_purpose(
    Purpose(
        "disown_login",
        lambda: UNDO_MAX_AGE,
        voided_by_epoch=False,
        bound_to_address=False,
        outlives_closing=True,
    )
)


class LoginSessionQuerySet(models.QuerySet["LoginSession"]):
    def live(self, user: AbstractUser) -> Self:
        """Return the sessions of a user that go on; those of an older epoch have ended with it."""
        now = timezone.now()
        return self.filter(
            user=user,
            ended_at=None,
            epoch=user.session_epoch,
            seen_at__gt=now - conf.IDLE_MAX_AGE,
            started_at__gt=now - conf.MAX_AGE,
        )

    def end_oldest(self, user: AbstractUser, *, but: "LoginSession | None" = None) -> None:
        """End the oldest sessions of a user beyond PER_USER; ``but`` goes on in any case."""
        if not conf.PER_USER:
            return
        others = self.live(user).exclude(pk=but and but.pk).order_by("-started_at", "pk")
        # Their keys first: MariaDB knows no LIMIT in a subquery.
        keys = list(others.values_list("pk", flat=True)[conf.PER_USER - (but is not None) :])
        self.filter(pk__in=keys).end()

    def end(self) -> int:
        """End those that have not ended, for good; return how many."""
        return self.filter(ended_at=None).update(ended_at=timezone.now())

    def outdated(self) -> Self:
        """Return those that were not used for so long that nobody asks for them."""
        long_ago = timezone.now() - conf.IDLE_MAX_AGE - KEPT
        return self.filter(seen_at__lt=long_ago).order_by("seen_at")


class LoginSession(models.Model):
    """
    One browser in which somebody is logged in, or was.

    It knows nothing of the key of the session: the session carries the key of this row. So neither
    a copy of this table nor the page that shows it opens anything.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey[Any, Any](
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="login_sessions",
        verbose_name=_("user"),
    )
    #: Which browser it is, see ``devices``; "" for one that is known no more.
    device_key = models.CharField(max_length=64, blank=True, default="", editable=False)
    user_agent = models.CharField(
        _("browser, as it says"), max_length=AGENT_MAX_LENGTH, blank=True, default=""
    )
    client_address = models.GenericIPAddressField(_("network address"), null=True)
    started_at = models.DateTimeField(_("began"), default=timezone.now)
    seen_at = models.DateTimeField(_("used last"), default=timezone.now, db_index=True)
    ended_at = models.DateTimeField(pgettext_lazy("point in time", "ended"), null=True)
    #: The ``session_epoch`` of the user that it belongs to.
    epoch = models.PositiveIntegerField(editable=False)

    objects = LoginSessionQuerySet.as_manager()

    class Meta:
        verbose_name = _("login session")
        verbose_name_plural = _("login sessions")

    def __str__(self) -> str:
        return f"{self.user_agent[:60]} {self.client_address or ''}".strip() or str(_("Unknown"))

    def is_over(self, now: datetime) -> bool:
        """Say whether it was unused for too long, or began too long ago."""
        return self.seen_at <= now - conf.IDLE_MAX_AGE or self.started_at <= now - conf.MAX_AGE


def agent_of(request: HttpRequest) -> str:
    """Return what the browser says that it is, as rows and pages can hold it."""
    # Cut first, since a server may let megabytes through.
    said = request.META.get("HTTP_USER_AGENT", "")[: 4 * AGENT_MAX_LENGTH]
    return "".join(filter(str.isprintable, said))[:AGENT_MAX_LENGTH]
