"""The tables of a project: migrated from nothing, complete, and as the system checks want them."""

import io

import pytest
from django.contrib.auth import get_user_model
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import connection

from django_useraccounts.models import Role

pytestmark = pytest.mark.django_db


def test_no_model_has_changed_without_a_migration():
    out = io.StringIO()

    call_command("makemigrations", check_changes=True, dry_run=True, stdout=out)

    assert "No changes detected" in out.getvalue()


def test_there_is_one_table_of_users_and_all_that_is_theirs_points_there():
    users = get_user_model()._meta.db_table
    tables = connection.introspection.table_names()
    with connection.cursor() as cursor:
        relations = connection.introspection.get_relations(cursor, "useraccounts_useremail")

    assert relations["user_id"][1] == users
    ours = {"useraccounts_user", "useraccounts_emailuser"}
    assert ours.intersection(tables) == ours & {users}


def test_the_system_checks_have_nothing_to_say():
    Role.objects.create(name="keyholder")

    assert run_checks(databases=["default"]) == []
