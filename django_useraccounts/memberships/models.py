"""Plans, who has one, what was paid for it, and what Stripe has told."""

from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ..models import AbstractUser, Role, RoleGrant

#: Where grants say that they come from.
FROM_STRIPE, FROM_PAYMENT = "stripe", "payment"
#: That a subscription is charged for once more before it ends: nobody has cancelled it, or only for
#: a day after the end of what is paid, such as of one whose only payment was given back.
GOES_ON = Q(ends_at=None) | Q(paid_until=None) | Q(ends_at__gt=F("paid_until"))


class PlanQuerySet(models.QuerySet["Plan"]):
    def offered(self) -> Self:
        """Return the plans on the page of prices, in their order, with their roles."""
        return self.filter(is_offered=True).select_related("role")


class Plan(models.Model):
    """What people can be members as: a role for as long as they pay."""

    name = models.SlugField(_("name"), max_length=64, unique=True)
    label = models.CharField(_("label"), max_length=150)
    description = models.TextField(_("description"), blank=True, default="")
    role = models.ForeignKey(
        Role, on_delete=models.PROTECT, related_name="+", verbose_name=_("role")
    )
    #: In words, since Stripe says it for sure: "€ 5 a month".
    # Translators: of a plan, in words such as "5 euros a month".
    price = models.CharField(_("price"), max_length=150, help_text=_("As people read it."))
    #: NULL for a plan that is not sold by Stripe. One price is one plan: who bought at an old price
    #: goes on to have the plan of that time.
    price_id = models.CharField(
        _("price id"),
        max_length=255,
        unique=True,
        null=True,
        blank=True,
        help_text=_("price_… at Stripe. For another price, make another plan."),
    )
    #: Stripe charges for a new period about an hour after the old one is over: 0 would close the
    #: pages of everybody for that hour.
    grace_days = models.PositiveSmallIntegerField(
        _("days of grace"), default=3, validators=[MaxValueValidator(365)]
    )
    is_offered = models.BooleanField(_("shown on the page of prices"), default=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    objects = PlanQuerySet.as_manager()

    class Meta:
        verbose_name = _("plan")
        verbose_name_plural = _("plans")
        ordering = ("position", "pk")

    def __str__(self) -> str:
        return self.label

    @property
    def is_bought(self) -> bool:
        """Whether somebody has it, had it, or has paid for it."""
        # Whose wish is another plan has what was paid.
        bought = Membership.objects.filter(Q(plan=self) | Q(bought_plan=self))
        return bought.exists() or Payment.objects.filter(paid_plan=self).exists()

    @property
    def grace(self) -> timedelta:
        """How long the role goes on to count after a period, while nobody has cancelled."""
        return timedelta(days=self.grace_days)


class StripeCustomer(models.Model):
    """
    Whom Stripe knows as which customer: the only way from an event to an account.

    It is written before the first checkout, so that it is there whatever event comes first. It
    outlives the account, as nobody's: Stripe may send for months what is still to be recognised.
    Whose customer Stripe does not know any more gets another one, and keeps the first.
    """

    user = models.ForeignKey[Any, Any](
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("user"),
    )
    customer_id = models.CharField(_("customer id"), max_length=255, unique=True)

    class Meta:
        verbose_name = _("Stripe customer")
        verbose_name_plural = _("Stripe customers")

    def __str__(self) -> str:
        return self.customer_id


class MembershipQuerySet(models.QuerySet["Membership"]):
    def of(self, user: AbstractUser) -> Self:
        """Return the memberships of a user, the newest first, with their plans."""
        return self.filter(user=user).select_related("plan__role").order_by("-pk")

    def paid(self) -> Self:
        """Return those that are paid for, grace included, or will have begun by then."""
        is_paid = self.filter(counts_until__gt=timezone.now())
        return is_paid.exclude(state=Membership.State.ENDED)

    def lasting(self) -> Self:
        """Return those that are paid for now, grace included."""
        return self.paid().filter(paid_from__lte=timezone.now())

    def held(self) -> Self:
        """Return those that last, and those that Stripe waits for the next payment of."""
        now = timezone.now()
        is_stuck = Q(state__in=[Membership.State.LATE, Membership.State.PAUSED])
        lasts = Q(paid_from__lte=now, counts_until__gt=now)
        return self.filter(lasts | is_stuck).exclude(state=Membership.State.ENDED)

    def charged(self) -> Self:
        """Return those that Stripe charges for, by itself."""
        alive = self.filter(subscription_id__isnull=False).exclude(state=Membership.State.ENDED)
        # What is paid has begun, though the word of it was lost and its payments alone were heard.
        is_unpaid = Q(started_at=None, paid_until=None)
        return alive.exclude(is_unpaid, state=Membership.State.WAITING)

    def over(self, at: datetime) -> Self:
        """Return those that have begun, and that nothing pays for any more."""
        is_given_up = Q(state=Membership.State.ENDED) | Q(counts_until__lte=at)
        renews = Q(subscription_id__isnull=False, state=Membership.State.RUNNING)
        return self.filter(is_given_up, started_at__isnull=False).exclude(renews)


class Membership(models.Model):
    """One subscription at Stripe, or all that one user has paid for one plan otherwise."""

    class State(models.TextChoices):
        #: Nothing is paid yet.
        WAITING = "waiting", _("waiting for the first payment")
        RUNNING = "running", pgettext_lazy("membership", "running")
        #: Stripe tries in vain to collect the payment of the next period.
        LATE = "late", _("payment is late")
        PAUSED = "paused", pgettext_lazy("membership", "paused")
        ENDED = "ended", pgettext_lazy("membership", "ended")

    #: Nobody when the account is erased: what was paid stays.
    user = models.ForeignKey[Any, Any](
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="memberships",
        verbose_name=_("user"),
    )
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, verbose_name=_("plan"))
    #: What its checkout has sold: the plan of a price that is none here, until another one is paid.
    #: NULL without a checkout of ours.
    bought_plan = models.ForeignKey(
        Plan, on_delete=models.PROTECT, null=True, related_name="+", editable=False
    )
    subscription_id = models.CharField(
        _("subscription id"), max_length=255, unique=True, null=True, editable=False
    )
    #: True for the one that payments without Stripe add to; NULL for every other, so that a user
    #: has one of each plan at most.
    is_open = models.BooleanField(null=True, editable=False)
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.WAITING)
    #: What the newest event that counted was, comparable as text; see ``stripe.events``.
    version = models.CharField(max_length=300, default="", editable=False)
    started_at = models.DateTimeField(_("started"), null=True, editable=False)
    #: The beginning of the first paid period that counts yet; the command sees when a gap begins.
    paid_from = models.DateTimeField(null=True, editable=False)
    #: The end of the last paid period, and of the grace after it.
    paid_until = models.DateTimeField(_("paid until"), null=True, editable=False)
    counts_until = models.DateTimeField(null=True, editable=False)
    #: When it is to end, since somebody has cancelled.
    ends_at = models.DateTimeField(_("ends"), null=True, editable=False)
    #: When it has ended before its time, or for good at Stripe: no period lasts longer.
    ended_at = models.DateTimeField(
        pgettext_lazy("point in time", "ended"), null=True, editable=False
    )
    #: When mails were written about it, each once: that a payment failed, that it ends, that it
    #: has ended.
    failed_at = models.DateTimeField(null=True, editable=False)
    reminded_at = models.DateTimeField(null=True, editable=False)
    end_told_at = models.DateTimeField(null=True, editable=False)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        # For the command that tells of ends.
        indexes = (models.Index(fields=["paid_until"], name="useraccounts_paid_until"),)
        constraints = (
            models.UniqueConstraint(
                fields=["user", "plan", "is_open"], name="useraccounts_one_open_membership"
            ),
            models.CheckConstraint(
                condition=Q(is_open=True, subscription_id__isnull=True) | Q(is_open__isnull=True),
                name="useraccounts_open_is_not_stripe",
            ),
        )

    def __str__(self) -> str:
        return f"{self.user_id}: {self.plan}"

    @property
    def renews(self) -> bool:
        """Whether Stripe charges for the next period by itself."""
        is_running = self.state in {self.State.RUNNING, self.State.LATE}
        return bool(self.subscription_id) and is_running and self.ends_at is None

    @property
    def last_day(self) -> datetime | None:
        """When it ends, as far as that is known: what was paid, or when it was cancelled for."""
        return self.ended_at or self.ends_at or self.paid_until

    @property
    def lasts(self) -> bool:
        """Whether it is paid for, grace included, or will have begun by then."""
        is_paid = self.counts_until is not None and self.counts_until > timezone.now()
        return is_paid and self.state != self.State.ENDED

    @property
    def is_behind(self) -> bool:
        """Whether Stripe waits for the payment of a period, and the last paid one is over."""
        is_stuck = self.state in {self.State.LATE, self.State.PAUSED}
        return is_stuck and (self.paid_until is None or self.paid_until <= timezone.now())

    @property
    def is_to_come(self) -> bool:
        """Whether it was paid for ahead, and has not begun."""
        return self.lasts and self.paid_from is not None and self.paid_from > timezone.now()

    @property
    def is_over(self) -> bool:
        """Whether nothing of it counts any more, by the clock."""
        if self.state == self.State.ENDED:
            return True
        return not self.lasts and self.subscription_id is None

    @property
    def shown_state(self) -> str:
        """Its state for people: ``ended`` as well when what was paid without Stripe is over."""
        return str(self.State.ENDED if self.is_over else self.state)


class Payment(models.Model):
    """One period that was to be paid for, and the grant that it has brought about."""

    class State(models.TextChoices):
        # In this order: a payment goes from one to a later one, never back.
        FAILED = "failed", pgettext_lazy("payment", "failed")
        PAID = "paid", pgettext_lazy("payment", "paid")
        REFUNDED = "refunded", pgettext_lazy("payment", "refunded")

    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="payments")
    #: The invoice at Stripe, or what people know the payment by; NULL for none.
    reference = models.CharField(_("reference"), max_length=255, unique=True, null=True)
    state = models.CharField(_("state"), max_length=16, choices=State)
    #: The period; NULL while only its refund is known.
    starts_at = models.DateTimeField(_("from"), null=True)
    ends_at = models.DateTimeField(_("until"), null=True)
    # Translators: when a payment was written down.
    recorded_at = models.DateTimeField(_("recorded"), default=timezone.now)
    refunded_at = models.DateTimeField(pgettext_lazy("point in time", "refunded"), null=True)
    #: When it was first heard that it failed; NULL while its payer has to do a step yet, such as
    #: 3-D Secure: then nobody is told that it has.
    failed_at = models.DateTimeField(null=True, editable=False)
    #: From when on its invoice gives back what was paid before: whoever changes the plan has paid
    #: for the rest of the old one.
    credits_from = models.DateTimeField(null=True, editable=False)
    #: The references of the invoices whose rest it gives back, with spaces between them: what
    #: nobody has paid for those pays for nothing else.
    credits_of = models.TextField(blank=True, default="", editable=False)
    #: What the invoice is for; NULL for a price that is no plan here, and without Stripe.
    paid_plan = models.ForeignKey(
        Plan, on_delete=models.PROTECT, null=True, related_name="+", editable=False
    )
    grant = models.OneToOneField(
        RoleGrant, on_delete=models.SET_NULL, null=True, related_name="+", editable=False
    )
    #: Whether a grant was made, and not taken back by what is told of payments: one that somebody
    #: revokes stays away, also where it had not begun and is gone.
    was_granted = models.BooleanField(default=False, editable=False)
    #: Why, for people.
    reason = models.CharField(_("reason"), max_length=250, blank=True, default="")
    recorded_by = models.ForeignKey[Any, Any](
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("recorded by"),
    )

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        ordering = ("-ends_at", "-pk")
        constraints = (
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at"))
                | Q(starts_at__isnull=True, ends_at__isnull=True),
                name="useraccounts_payment_ends_late",
            ),
        )

    def __str__(self) -> str:
        return self.reference or f"#{self.pk}"


class ProviderEvent(models.Model):
    """An event of Stripe that was acted on: written in the transaction of what it changed."""

    event_id = models.CharField(_("event id"), max_length=255, unique=True)
    kind = models.CharField(_("kind"), max_length=100)
    customer_id = models.CharField(_("customer id"), max_length=255, db_index=True)
    #: When it happened, by the clock of Stripe.
    created_at = models.DateTimeField(_("happened"))
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    #: A digest of the signature that it came with: Stripe signs anew whenever it tells again.
    delivery = models.CharField(max_length=64, default="", editable=False)

    class Meta:
        verbose_name = _("event of Stripe")
        verbose_name_plural = _("events of Stripe")
        # For the command that prunes them.
        indexes = (models.Index(fields=["received_at"], name="useraccounts_events_received"),)

    def __str__(self) -> str:
        return self.event_id
