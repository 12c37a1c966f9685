"""Tell Django's migrations that the table of users is there, before they look at it."""

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.core.management.base import CommandError
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

#: The table of django.contrib.auth, and its last migration that changes it.
TABLE = "auth_user"
LAST = ("auth", "0012_alter_user_first_name_max_length")


def begin() -> str:
    """
    Record the first migration of the user model, and give its content type to the new model.

    Else ``migrate`` refuses everything, since tables that point at users are older than it. What
    points at the content type (permissions, the history of the administration) goes with it.
    Return what was done, in a sentence; raise CommandError where that is not what the database is.
    """
    model = get_user_model()
    if model._meta.db_table != TABLE:
        raise CommandError(
            f"{settings.AUTH_USER_MODEL} is no model of the table {TABLE}: write "
            f'db_table = "{TABLE}" into its class Meta.'
        )
    loader = MigrationLoader(connection)
    first = _first_migration(loader, model._meta.app_label)
    if first in loader.applied_migrations:
        return f"{first[0]}.{first[1]} was recorded before. Nothing to do."
    if TABLE not in connection.introspection.table_names() or LAST not in loader.applied_migrations:
        raise CommandError(
            f"The database has no table {TABLE} as the last migration of auth leaves it. A new "
            "database needs nothing but migrate; an old one needs migrate with the former settings."
        )
    with transaction.atomic():
        MigrationRecorder(connection).record_applied(*first)
        ContentType.objects.filter(app_label="auth", model="user").update(
            app_label=model._meta.app_label, model=model._meta.model_name
        )
    ContentType.objects.clear_cache()
    return f"{first[0]}.{first[1]} is recorded: {TABLE} is the table of {settings.AUTH_USER_MODEL}."


def _first_migration(loader: MigrationLoader, app: str) -> tuple[str, str]:
    for label, name in loader.graph.root_nodes(app):
        if label == app:
            return label, name
    raise CommandError(f"The app {app} has no migrations yet.")
