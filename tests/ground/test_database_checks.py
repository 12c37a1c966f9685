"""System checks of what the database holds: they run with ``check --database default``."""

from contextlib import contextmanager
from datetime import timedelta
from io import StringIO

import pytest
from django.core.checks import CheckMessage
from django.core.checks import Warning as Warn
from django.core.management import call_command
from django.db import connection, models
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from django_useraccounts.checks import check_database, check_useraccounts, database, guards
from django_useraccounts.models import AccountEvent, OldUsername, Role, RoleGrant, User, UserEmail
from django_useraccounts.testing import make_user


def found() -> list[CheckMessage]:
    return check_database(None, databases=["default"])


# W006: roles that guards ask for


@pytest.fixture(autouse=True)
def guarded(monkeypatch):
    """What guards of the process ask for: here, of a small project."""
    names: dict[str, set[str]] = {}
    monkeypatch.setattr(guards, "guarded_names", names)
    return names


@pytest.mark.django_db
def test_W006_names_that_no_role_has(guarded):
    guarded.update(starving={"guild:1"}, artits={"guild:3", "guild.Studio"})
    guarded["unheard-of"] = {"guild:2"}
    Role.objects.create(name="starving")
    Role.objects.create(name="artist")

    assert found() == [
        Warn(
            'A guard asks for the role "artits", which does not exist: nobody can pass. '
            "Look at guild.Studio, guild:3.",
            hint='Did you mean "artist"?',
            id="useraccounts.W006",
        ),
        Warn(
            'A guard asks for the role "unheard-of", which does not exist: nobody can pass. '
            "Look at guild:2.",
            hint='Role.objects.create(name="unheard-of") makes it.',
            id="useraccounts.W006",
        ),
    ]


@pytest.mark.django_db
def test_all_roles_that_guards_ask_for_are_there(guarded):
    guarded.update(starving={"guild:1"})
    Role.objects.create(name="starving")

    assert found() == []


@pytest.mark.django_db
def test_roles_are_looked_for_only_where_a_database_is_named(guarded, django_assert_num_queries):
    guarded.update(starving={"guild:1"})

    with django_assert_num_queries(0):
        assert check_database(None) == []
        assert check_database(None, databases=[]) == []


@pytest.mark.django_db
def test_a_project_without_guards_asks_for_no_role(guarded, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert list(guards.missing_roles("default")) == []


@pytest.mark.django_db
def test_before_the_first_migration_there_is_nothing_to_look_for(guarded, monkeypatch):
    guarded.update(starving={"guild:1"})
    monkeypatch.setattr(Role._meta, "db_table", "not_migrated_yet")

    assert found() == []


@pytest.mark.django_db
def test_the_command_tells_of_roles_that_are_missing(guarded, capsys):
    guarded.update(starving={"guild:1"})

    call_command("check", databases=["default"])

    assert '(useraccounts.W006) A guard asks for the role "starving"' in capsys.readouterr().err


@pytest.mark.django_db
def test_W006_a_role_that_is_declared_waits_for_the_command(guarded, set_conf):
    guarded.update(starving={"guild:1"})
    set_conf(ROLES={"starving": "Starving"})

    [warning] = found()

    assert warning.hint == "manage.py useraccounts_sync_roles makes it."


# W012, E019: roles that the settings declare


def test_W012_names_that_are_not_declared(guarded, set_conf):
    guarded.update(starving={"guild:1"}, artits={"guild:3"}, vip={"guild:4"})
    set_conf(ROLES={"starving": "Starving", "artist": "Artist"})

    assert check_useraccounts(None) == [
        Warn(
            'A guard asks for the role "artits", which USERACCOUNTS["ROLES"] does not declare. '
            "Look at guild:3.",
            hint='Did you mean "artist"?',
            id="useraccounts.W012",
        ),
        Warn(
            'A guard asks for the role "vip", which USERACCOUNTS["ROLES"] does not declare. '
            "Look at guild:4.",
            hint='Write "ROLES": {"vip": "Vip"}.',
            id="useraccounts.W012",
        ),
    ]


def test_a_site_whose_roles_live_in_the_database_declares_none(guarded):
    guarded.update(starving={"guild:1"})

    assert check_useraccounts(None) == []


@pytest.mark.parametrize(
    "roles, problem",
    [
        ({"Artist": "Artist"}, "['Artist'] cannot be. A role name has lower-case letters"),
        ({7: "Seven"}, "[7] is no name."),
        ({"artist": 7}, "['artist'] is 7."),
        ({"artist": {"lable": "Artist"}}, "['artist'] is {'lable': 'Artist'}."),
        ({"artist": {"label": 7}}, "['artist'] has 7 and None."),
        ({"artist": {"permissions": "shop.buy"}}, "['artist'] has the permissions 'shop.buy'."),
        ({"artist": {"permissions": ["buy"]}}, "['artist'] has the permissions ['buy']."),
        ({"vip1": "", "vipl": ""}, "['vipl'] looks like \"vip1\"."),
        ({"post.edit": "", "post:edit": ""}, "['post:edit'] looks like \"post.edit\"."),
    ],
)
def test_E019_a_role_that_cannot_be_made(roles, problem, set_conf):
    set_conf(ROLES=roles)

    [error] = [found for found in check_useraccounts(None) if found.id == "useraccounts.E019"]

    assert error.msg.startswith(f'USERACCOUNTS["ROLES"]{problem}')


# W009: constraints that the database does not have


@contextmanager
def without(model, constraint):
    """Take a constraint from the database for a while, as if it had never been made."""
    promised = model._meta.constraints
    # SQLite makes the table anew, with what the model promises.
    model._meta.constraints = [given for given in promised if given is not constraint]
    with connection.schema_editor() as editor:
        editor.remove_constraint(model, constraint)
    model._meta.constraints = promised
    try:
        yield
    finally:
        if found():
            with connection.schema_editor() as editor:
                editor.add_constraint(model, constraint)


@contextmanager
def not_unique(model, name):
    """Let the database take equal values in a column for a while."""
    unique = model._meta.get_field(name)
    plain = unique.clone()
    plain._unique = False
    plain.set_attributes_from_name(name)
    plain.model = model
    with connection.schema_editor() as editor:
        editor.alter_field(model, unique, plain)
    try:
        yield
    finally:
        with connection.schema_editor() as editor:
            editor.alter_field(model, plain, unique)


def constraint(model, name):
    (one,) = [given for given in model._meta.constraints if given.name == name]
    return one


def quoted(text):
    """Quote names as this database does."""
    return text.replace('"', "`") if connection.vendor == "mysql" else text


def run_the_line(hint):
    """Do what the hint says."""
    with connection.cursor() as cursor:
        cursor.execute(hint.removeprefix("Mend the rows that break it, then run: "))


@pytest.mark.django_db
def test_the_database_has_all_that_the_models_promise():
    assert list(database.constraints("default")) == []


@pytest.mark.django_db(transaction=True)
def test_W009_columns_that_are_not_unique_together():
    table = "useraccounts_useremail"
    with without(UserEmail, constraint(UserEmail, "useraccounts_one_primary")):
        (message,) = found()

        assert message == Warn(
            f"In the database, user_id, is_primary of {table} is not unique: what the accounts "
            "rely on may be broken there.",
            hint="Mend the rows that break it, then run: "
            + quoted(
                f'CREATE UNIQUE INDEX "{table}_user_id_is_primary_key" ON "{table}" '
                '("user_id", "is_primary");'
            ),
            id="useraccounts.W009",
        )

        run_the_line(message.hint)
        assert found() == []
        with connection.cursor() as cursor:
            index = connection.ops.quote_name(f"{table}_user_id_is_primary_key")
            on = f" ON {table}" if connection.vendor == "mysql" else ""
            cursor.execute(f"DROP INDEX {index}{on}")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("model, name", [(OldUsername, "username_key"), (Role, "name")])
def test_W009_a_column_that_is_not_unique(model, name):
    table = model._meta.db_table
    with not_unique(model, name):
        (message,) = found()

        assert message == Warn(
            f"In the database, {name} of {table} is not unique: what the accounts rely on may be "
            "broken there.",
            hint="Mend the rows that break it, then run: "
            + quoted(f'CREATE UNIQUE INDEX "{table}_{name}_key" ON "{table}" ("{name}");'),
            id="useraccounts.W009",
        )


@pytest.mark.django_db
def test_W009_the_user_model_is_looked_at_wherever_it_comes_from(monkeypatch):
    monkeypatch.setattr(User._meta, "unique_together", [("first_name", "last_name")])

    (message,) = found()
    assert message.msg == (
        "In the database, first_name, last_name of useraccounts_user is not unique: what the "
        "accounts rely on may be broken there."
    )


@pytest.mark.django_db(transaction=True)
def test_W009_a_rule_that_is_missing():
    rule = constraint(RoleGrant, "useraccounts_grant_ends_late")
    with without(RoleGrant, rule):
        (message,) = found()

        assert message.msg == (
            'In the database, useraccounts_rolegrant has no constraint "'
            'useraccounts_grant_ends_late": what the accounts rely on may be broken there.'
        )
        assert message.id == "useraccounts.W009"
        if connection.vendor == "sqlite":
            assert message.hint == "This database cannot add it to a table that exists."
        else:
            run_the_line(message.hint)
            assert found() == []


@pytest.fixture
def promise(monkeypatch):
    """Have the model of events promise one more constraint for one test."""
    meta = AccountEvent._meta

    def forget():
        # Django keeps what it has once worked out of the constraints.
        meta.__dict__.pop("total_unique_constraints", None)

    def make(constraint):
        forget()
        monkeypatch.setattr(meta, "constraints", [constraint])

    yield make
    forget()


@pytest.mark.django_db
def test_what_a_migration_is_about_to_make_is_not_missing(promise):
    promised = models.UniqueConstraint(fields=["kind"], name="of_the_next_release")
    promise(promised)
    assert [message.id for message in found()] == ["useraccounts.W009"]
    applied = MigrationRecorder(connection)

    applied.record_unapplied("useraccounts", "0001_initial")

    assert found() == []


@pytest.mark.django_db
def test_a_constraint_with_a_condition_is_looked_for_by_its_name(promise):
    promised = models.UniqueConstraint(
        fields=["kind"], condition=models.Q(actor__isnull=True), name="one_of_a_kind"
    )
    promise(promised)

    (message,) = found()

    assert message.msg == (
        'In the database, useraccounts_accountevent has no constraint "one_of_a_kind": what the '
        "accounts rely on may be broken there."
    )
    if connection.vendor == "mysql":
        assert message.hint == "This database cannot add it to a table that exists."
    else:
        run_the_line(message.hint)
        assert found() == []


@pytest.mark.django_db(transaction=True)
def test_the_command_tells_of_constraints_that_are_missing(capsys):
    with without(UserEmail, constraint(UserEmail, "useraccounts_email_once")):
        call_command("check", databases=["default"])

    told = capsys.readouterr().err
    assert (
        "(useraccounts.W009) In the database, user_id, email_key of useraccounts_useremail" in told
    )


# W018: accounts whose time is over


def close(name, *, ago):
    """Have an account that was to be erased so many days ago."""
    user = make_user(name)
    User.objects.filter(pk=user.pk).update(erase_at=timezone.now() - timedelta(days=ago))


@pytest.mark.django_db
def test_W018_closed_accounts_that_nobody_erases():
    make_user("maria")
    for name, ago in {"ada": 40, "frida": 4, "vincent": 2, "pablo": -7}.items():
        close(name, ago=ago)

    assert found() == [
        Warn(
            "Closed accounts that should have been erased more than 3 days ago: 2.",
            hint="Run manage.py useraccounts_prune once a day. Its log says which accounts could "
            "not be erased, and why.",
            id="useraccounts.W018",
        )
    ]

    call_command("useraccounts_prune", stdout=StringIO())
    assert found() == []


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["db_table", "column"])
def test_before_its_migration_no_account_is_looked_for(name, monkeypatch):
    close("frida", ago=40)
    place = User._meta if name == "db_table" else User._meta.get_field("erase_at")

    monkeypatch.setattr(place, name, "not_migrated_yet")

    assert found() == []
