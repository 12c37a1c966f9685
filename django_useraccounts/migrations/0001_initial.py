"""The tables of the accounts."""

import uuid

import django.core.serializers.json
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import django_useraccounts.models.columns
import django_useraccounts.models.limits
import django_useraccounts.models.roles


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        # By hand: Django writes it only while the user model is another app's.
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="UndeliverableAddress",
            fields=[
                (
                    "email_key",
                    models.CharField(
                        max_length=254, primary_key=True, serialize=False, verbose_name="address"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("bounced", "bounced"),
                            ("complained", "complained"),
                            ("failing", "failing"),
                        ],
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("failures", models.PositiveSmallIntegerField(default=0, verbose_name="failures")),
                (
                    "reason",
                    models.CharField(blank=True, default="", max_length=250, verbose_name="reason"),
                ),
                (
                    "since",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="since"),
                ),
                (
                    "reported_at",
                    models.DateTimeField(
                        db_index=True,
                        default=django.utils.timezone.now,
                        verbose_name="last reported",
                    ),
                ),
            ],
            options={
                "verbose_name": "undeliverable address",
                "verbose_name_plural": "undeliverable addresses",
            },
        ),
        migrations.CreateModel(
            name="AttemptCounter",
            fields=[
                (
                    "key",
                    django_useraccounts.models.limits.DigestField(
                        max_length=64, primary_key=True, serialize=False
                    ),
                ),
                ("attempts", models.PositiveIntegerField()),
                ("ends_at", models.BigIntegerField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name="Role",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        max_length=64,
                        unique=True,
                        validators=[django_useraccounts.models.roles.validate_role_name],
                        verbose_name="name",
                    ),
                ),
                ("look", models.CharField(editable=False, max_length=64, unique=True)),
                (
                    "label",
                    models.CharField(blank=True, default="", max_length=150, verbose_name="label"),
                ),
                (
                    "description",
                    models.TextField(blank=True, default="", verbose_name="description"),
                ),
                (
                    "permissions",
                    models.ManyToManyField(
                        blank=True,
                        related_name="roles",
                        to="auth.permission",
                        verbose_name="permissions",
                    ),
                ),
            ],
            options={
                "verbose_name": "role",
                "verbose_name_plural": "roles",
                "ordering": ("name",),
            },
        ),
        migrations.CreateModel(
            name="EmailUser",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                (
                    "last_login",
                    models.DateTimeField(blank=True, null=True, verbose_name="last login"),
                ),
                (
                    "is_superuser",
                    models.BooleanField(
                        db_index=True,
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                (
                    "first_name",
                    models.CharField(
                        blank=True, default="", max_length=150, verbose_name="first name"
                    ),
                ),
                (
                    "last_name",
                    models.CharField(
                        blank=True, default="", max_length=150, verbose_name="last name"
                    ),
                ),
                (
                    "is_staff",
                    models.BooleanField(
                        db_index=True,
                        default=False,
                        help_text="May log in to the administration.",
                        verbose_name="staff status",
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        db_index=True,
                        default=True,
                        help_text="Switch this off instead of deleting an account.",
                        verbose_name="active",
                    ),
                ),
                (
                    "date_joined",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="date joined"
                    ),
                ),
                (
                    "session_epoch",
                    django_useraccounts.models.columns.SessionEpochField(default=0, editable=False),
                ),
                (
                    "language",
                    models.CharField(
                        blank=True,
                        default="",
                        editable=False,
                        max_length=16,
                        verbose_name="language",
                    ),
                ),
                (
                    "erase_at",
                    django_useraccounts.models.columns.EraseAtField(
                        db_index=True, editable=False, null=True, verbose_name="to be erased"
                    ),
                ),
                (
                    "terms_version",
                    models.CharField(
                        blank=True,
                        default="",
                        editable=False,
                        max_length=40,
                        verbose_name="accepted terms",
                    ),
                ),
                (
                    "terms_accepted_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="terms accepted"),
                ),
                (
                    "email",
                    django_useraccounts.models.columns.UniqueEmailField(
                        default="",
                        max_length=254,
                        null=True,
                        unique=True,
                        verbose_name="e-mail address",
                    ),
                ),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "verbose_name": "user",
                "verbose_name_plural": "users",
                "swappable": "AUTH_USER_MODEL",
            },
        ),
        migrations.CreateModel(
            name="User",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                (
                    "last_login",
                    models.DateTimeField(blank=True, null=True, verbose_name="last login"),
                ),
                (
                    "is_superuser",
                    models.BooleanField(
                        db_index=True,
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                (
                    "username",
                    models.CharField(
                        blank=True,
                        error_messages={
                            "unique": "This username is taken. Please choose another one."
                        },
                        max_length=150,
                        null=True,
                        unique=True,
                        validators=[django_useraccounts.models.columns.validate_username],
                        verbose_name="username",
                    ),
                ),
                (
                    "username_key",
                    django_useraccounts.models.columns.UsernameKeyField(
                        editable=False, max_length=254, null=True, unique=True
                    ),
                ),
                (
                    "email",
                    models.EmailField(default="", max_length=254, verbose_name="e-mail address"),
                ),
                (
                    "first_name",
                    models.CharField(
                        blank=True, default="", max_length=150, verbose_name="first name"
                    ),
                ),
                (
                    "last_name",
                    models.CharField(
                        blank=True, default="", max_length=150, verbose_name="last name"
                    ),
                ),
                (
                    "is_staff",
                    models.BooleanField(
                        db_index=True,
                        default=False,
                        help_text="May log in to the administration.",
                        verbose_name="staff status",
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        db_index=True,
                        default=True,
                        help_text="Switch this off instead of deleting an account.",
                        verbose_name="active",
                    ),
                ),
                (
                    "date_joined",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="date joined"
                    ),
                ),
                (
                    "session_epoch",
                    django_useraccounts.models.columns.SessionEpochField(default=0, editable=False),
                ),
                (
                    "language",
                    models.CharField(
                        blank=True,
                        default="",
                        editable=False,
                        max_length=16,
                        verbose_name="language",
                    ),
                ),
                (
                    "erase_at",
                    django_useraccounts.models.columns.EraseAtField(
                        db_index=True, editable=False, null=True, verbose_name="to be erased"
                    ),
                ),
                (
                    "terms_version",
                    models.CharField(
                        blank=True,
                        default="",
                        editable=False,
                        max_length=40,
                        verbose_name="accepted terms",
                    ),
                ),
                (
                    "terms_accepted_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="terms accepted"),
                ),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "verbose_name": "user",
                "verbose_name_plural": "users",
                "swappable": "AUTH_USER_MODEL",
            },
        ),
        migrations.CreateModel(
            name="AccountEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=40, verbose_name="kind")),
                (
                    "at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="when"),
                ),
                (
                    "client_address",
                    models.GenericIPAddressField(null=True, verbose_name="network address"),
                ),
                (
                    "via",
                    models.CharField(default="", max_length=100, verbose_name="by way of"),
                ),
                (
                    "details",
                    models.JSONField(
                        default=dict,
                        encoder=django.core.serializers.json.DjangoJSONEncoder,
                        verbose_name="details",
                    ),
                ),
                (
                    "actor",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="who did it",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="whose account",
                    ),
                ),
            ],
            options={
                "verbose_name": "account event",
                "verbose_name_plural": "account events",
                "default_permissions": ("view",),
                "indexes": [models.Index(fields=["user", "id"], name="useraccounts_event_of_user")],
            },
        ),
        migrations.CreateModel(
            name="OldUsername",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("username_key", models.CharField(max_length=254, unique=True)),
                ("released_at", models.DateTimeField(db_index=True)),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="OneTimeSecret",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("purpose", models.CharField(max_length=40)),
                ("email_key", models.CharField(blank=True, default="", max_length=254)),
                ("epoch", models.PositiveIntegerField(default=0)),
                ("browser_key", models.CharField(blank=True, default="", max_length=64)),
                ("pending", models.TextField(blank=True, default="")),
                ("next_url", models.TextField(blank=True, default="")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("expires_at", models.DateTimeField(db_index=True)),
                ("redeemed_at", models.DateTimeField(null=True)),
                ("found_expired_at", models.DateTimeField(null=True)),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["email_key", "purpose"], name="useraccounts_links_to")
                ],
            },
        ),
        migrations.CreateModel(
            name="OutgoingMail",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=40, verbose_name="kind")),
                ("to", models.CharField(max_length=254, verbose_name="recipient")),
                ("about", models.CharField(blank=True, default="", max_length=254)),
                ("what", models.CharField(blank=True, default="", max_length=254)),
                ("language", models.CharField(max_length=16)),
                ("base_url", models.CharField(max_length=300)),
                ("site_name", models.CharField(max_length=250)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="written"),
                ),
                (
                    "due_at",
                    models.DateTimeField(
                        db_index=True,
                        default=django.utils.timezone.now,
                        null=True,
                        verbose_name="due",
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                ("sent_at", models.DateTimeField(db_index=True, null=True, verbose_name="sent")),
                (
                    "error",
                    models.CharField(blank=True, default="", max_length=250, verbose_name="error"),
                ),
                (
                    "secret",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="useraccounts.onetimesecret",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "outgoing mail",
                "verbose_name_plural": "outgoing mails",
            },
        ),
        migrations.CreateModel(
            name="RoleGrant",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "granted_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="granted"
                    ),
                ),
                (
                    "starts_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="starts"),
                ),
                ("ends_at", models.DateTimeField(blank=True, null=True, verbose_name="ends")),
                (
                    "counts_until",
                    models.DateTimeField(editable=False, null=True, verbose_name="counts until"),
                ),
                (
                    "source",
                    models.CharField(blank=True, default="", max_length=64, verbose_name="source"),
                ),
                (
                    "reason",
                    models.CharField(blank=True, default="", max_length=250, verbose_name="reason"),
                ),
                (
                    "reminds",
                    models.BooleanField(default=True, verbose_name="remind of the end"),
                ),
                (
                    "reminded_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="reminded"),
                ),
                (
                    "granted_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="granted by",
                    ),
                ),
                (
                    "role",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="grants",
                        to="useraccounts.role",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="role_grants",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "role grant",
                "verbose_name_plural": "role grants",
            },
        ),
        migrations.AddField(
            model_name="outgoingmail",
            name="grant",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="useraccounts.rolegrant",
            ),
        ),
        migrations.AddField(
            model_name="role",
            name="users",
            field=models.ManyToManyField(
                blank=True,
                related_name="roles",
                through="useraccounts.RoleGrant",
                through_fields=("role", "user"),
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.CreateModel(
            name="UserEmail",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("email", models.CharField(max_length=254, verbose_name="e-mail address")),
                ("email_key", models.CharField(db_index=True, editable=False, max_length=254)),
                (
                    "verified_key",
                    models.CharField(blank=True, editable=False, max_length=254, null=True),
                ),
                (
                    "is_primary",
                    models.BooleanField(
                        blank=True, default=None, null=True, verbose_name="primary"
                    ),
                ),
                (
                    "registration_key",
                    models.CharField(editable=False, max_length=64, null=True),
                ),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="added"),
                ),
                (
                    "confirmed_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="confirmed"),
                ),
                ("is_owned", models.BooleanField(default=False, editable=False)),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="emails",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "e-mail address",
                "verbose_name_plural": "e-mail addresses",
            },
        ),
        migrations.AddField(
            model_name="onetimesecret",
            name="address",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="useraccounts.useremail",
            ),
        ),
        migrations.AddIndex(
            model_name="rolegrant",
            index=models.Index(fields=["user", "starts_at"], name="useraccounts_grants_of_user"),
        ),
        migrations.AddIndex(
            model_name="rolegrant",
            index=models.Index(fields=["role", "counts_until"], name="useraccounts_grants_of_role"),
        ),
        migrations.AddIndex(
            model_name="rolegrant",
            index=models.Index(fields=["ends_at"], name="useraccounts_grants_by_end"),
        ),
        migrations.AddConstraint(
            model_name="rolegrant",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ends_at__isnull", True),
                    ("ends_at__gte", models.F("starts_at")),
                    _connector="OR",
                ),
                name="useraccounts_grant_ends_late",
            ),
        ),
        migrations.AddConstraint(
            model_name="rolegrant",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("counts_until__isnull", True), ("ends_at__isnull", True)),
                    models.Q(
                        ("counts_until__gte", models.F("ends_at")),
                        ("counts_until__isnull", False),
                        ("ends_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="useraccounts_grant_counts_late",
            ),
        ),
        migrations.AddConstraint(
            model_name="useremail",
            constraint=models.UniqueConstraint(
                fields=("verified_key",), name="useraccounts_one_owner"
            ),
        ),
        migrations.AddConstraint(
            model_name="useremail",
            constraint=models.UniqueConstraint(
                fields=("registration_key",), name="useraccounts_one_opened"
            ),
        ),
        migrations.AddConstraint(
            model_name="useremail",
            constraint=models.UniqueConstraint(
                fields=("user", "is_primary"), name="useraccounts_one_primary"
            ),
        ),
        migrations.AddConstraint(
            model_name="useremail",
            constraint=models.UniqueConstraint(
                fields=("user", "email_key"), name="useraccounts_email_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="useremail",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("is_primary__isnull", True),
                    models.Q(("is_primary", True), ("verified_key__isnull", False)),
                    _connector="OR",
                ),
                name="useraccounts_primary_is_proved",
            ),
        ),
        migrations.AddConstraint(
            model_name="useremail",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("verified_key__isnull", True),
                    ("verified_key", models.F("email_key")),
                    _connector="OR",
                ),
                name="useraccounts_verified_is_key",
            ),
        ),
        migrations.CreateModel(
            name="AccountExport",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "requested_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="requested"
                    ),
                ),
                (
                    "due_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="due"),
                ),
                ("made_at", models.DateTimeField(null=True, verbose_name="made")),
                ("content", models.BinaryField(null=True)),
                (
                    "secret",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="useraccounts.onetimesecret",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "account export",
                "verbose_name_plural": "account exports",
            },
        ),
    ]
