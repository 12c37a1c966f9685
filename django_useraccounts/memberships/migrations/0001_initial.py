"""The tables of the memberships."""

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("useraccounts", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Plan",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.SlugField(max_length=64, unique=True, verbose_name="name")),
                ("label", models.CharField(max_length=150, verbose_name="label")),
                (
                    "description",
                    models.TextField(blank=True, default="", verbose_name="description"),
                ),
                (
                    "price",
                    models.CharField(
                        help_text="As people read it.", max_length=150, verbose_name="price"
                    ),
                ),
                (
                    "price_id",
                    models.CharField(
                        blank=True,
                        help_text="price_… at Stripe. For another price, make another plan.",
                        max_length=255,
                        null=True,
                        unique=True,
                        verbose_name="price id",
                    ),
                ),
                (
                    "grace_days",
                    models.PositiveSmallIntegerField(
                        default=3,
                        validators=[django.core.validators.MaxValueValidator(365)],
                        verbose_name="days of grace",
                    ),
                ),
                (
                    "is_offered",
                    models.BooleanField(default=True, verbose_name="shown on the page of prices"),
                ),
                ("position", models.PositiveSmallIntegerField(default=0, verbose_name="position")),
                (
                    "role",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="useraccounts.role",
                        verbose_name="role",
                    ),
                ),
            ],
            options={
                "verbose_name": "plan",
                "verbose_name_plural": "plans",
                "ordering": ("position", "pk"),
            },
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "subscription_id",
                    models.CharField(
                        editable=False,
                        max_length=255,
                        null=True,
                        unique=True,
                        verbose_name="subscription id",
                    ),
                ),
                ("is_open", models.BooleanField(editable=False, null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting for the first payment"),
                            ("running", "running"),
                            ("late", "payment is late"),
                            ("paused", "paused"),
                            ("ended", "ended"),
                        ],
                        default="waiting",
                        max_length=16,
                        verbose_name="state",
                    ),
                ),
                ("version", models.CharField(default="", editable=False, max_length=300)),
                (
                    "started_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="started"),
                ),
                ("paid_from", models.DateTimeField(editable=False, null=True)),
                (
                    "paid_until",
                    models.DateTimeField(editable=False, null=True, verbose_name="paid until"),
                ),
                ("counts_until", models.DateTimeField(editable=False, null=True)),
                ("ends_at", models.DateTimeField(editable=False, null=True, verbose_name="ends")),
                ("ended_at", models.DateTimeField(editable=False, null=True, verbose_name="ended")),
                ("failed_at", models.DateTimeField(editable=False, null=True)),
                ("reminded_at", models.DateTimeField(editable=False, null=True)),
                ("end_told_at", models.DateTimeField(editable=False, null=True)),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="memberships",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        to="useraccounts_memberships.plan",
                        verbose_name="plan",
                    ),
                ),
                (
                    "bought_plan",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="useraccounts_memberships.plan",
                    ),
                ),
            ],
            options={
                "verbose_name": "membership",
                "verbose_name_plural": "memberships",
            },
        ),
        migrations.CreateModel(
            name="ProviderEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "event_id",
                    models.CharField(max_length=255, unique=True, verbose_name="event id"),
                ),
                ("kind", models.CharField(max_length=100, verbose_name="kind")),
                (
                    "customer_id",
                    models.CharField(db_index=True, max_length=255, verbose_name="customer id"),
                ),
                ("created_at", models.DateTimeField(verbose_name="happened")),
                (
                    "received_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="received"
                    ),
                ),
                ("delivery", models.CharField(default="", editable=False, max_length=64)),
            ],
            options={
                "verbose_name": "event of Stripe",
                "verbose_name_plural": "events of Stripe",
                "indexes": [
                    models.Index(fields=["received_at"], name="useraccounts_events_received")
                ],
            },
        ),
        migrations.CreateModel(
            name="StripeCustomer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "customer_id",
                    models.CharField(max_length=255, unique=True, verbose_name="customer id"),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "Stripe customer",
                "verbose_name_plural": "Stripe customers",
            },
        ),
        migrations.CreateModel(
            name="Payment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "reference",
                    models.CharField(
                        max_length=255, null=True, unique=True, verbose_name="reference"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("failed", "failed"), ("paid", "paid"), ("refunded", "refunded")],
                        max_length=16,
                        verbose_name="state",
                    ),
                ),
                ("starts_at", models.DateTimeField(null=True, verbose_name="from")),
                ("ends_at", models.DateTimeField(null=True, verbose_name="until")),
                (
                    "recorded_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="recorded"
                    ),
                ),
                ("refunded_at", models.DateTimeField(null=True, verbose_name="refunded")),
                ("failed_at", models.DateTimeField(editable=False, null=True)),
                (
                    "reason",
                    models.CharField(blank=True, default="", max_length=250, verbose_name="reason"),
                ),
                (
                    "paid_plan",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="useraccounts_memberships.plan",
                    ),
                ),
                ("credits_from", models.DateTimeField(editable=False, null=True)),
                ("credits_of", models.TextField(blank=True, default="", editable=False)),
                ("was_granted", models.BooleanField(default=False, editable=False)),
                (
                    "grant",
                    models.OneToOneField(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="useraccounts.rolegrant",
                    ),
                ),
                (
                    "membership",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="payments",
                        to="useraccounts_memberships.membership",
                    ),
                ),
                (
                    "recorded_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="recorded by",
                    ),
                ),
            ],
            options={
                "verbose_name": "payment",
                "verbose_name_plural": "payments",
                "ordering": ("-ends_at", "-pk"),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ends_at__gt", models.F("starts_at")),
                            models.Q(("ends_at__isnull", True), ("starts_at__isnull", True)),
                            _connector="OR",
                        ),
                        name="useraccounts_payment_ends_late",
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="membership",
            index=models.Index(fields=["paid_until"], name="useraccounts_paid_until"),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.UniqueConstraint(
                fields=("user", "plan", "is_open"), name="useraccounts_one_open_membership"
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("is_open", True), ("subscription_id__isnull", True)),
                    ("is_open__isnull", True),
                    _connector="OR",
                ),
                name="useraccounts_open_is_not_stripe",
            ),
        ),
    ]
