"""The singers and the notice board."""

import django.utils.timezone
from django.db import migrations, models

import django_useraccounts.models.columns


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.CreateModel(
            name="Notice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("text", models.CharField(max_length=200)),
            ],
        ),
        migrations.CreateModel(
            name="Singer",
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
                    "voice",
                    models.CharField(
                        choices=[
                            ("soprano", "Soprano"),
                            ("alto", "Alto"),
                            ("tenor", "Tenor"),
                            ("bass", "Bass"),
                        ],
                        default="alto",
                        max_length=10,
                        verbose_name="voice",
                    ),
                ),
                ("on_leave", models.BooleanField(default=False, verbose_name="on leave")),
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
                "abstract": False,
            },
        ),
    ]
