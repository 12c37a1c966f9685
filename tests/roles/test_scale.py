"""Roles of many: 10,000 roles, 100,000 grants, a thousand of them on one user, found by index."""

import random
import re
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_useraccounts.backends import AccountsBackend
from django_useraccounts.models import Role, RoleGrant, UserEmail
from django_useraccounts.roles.flows import remind_of_ends

# On MariaDB, ANALYZE commits.
pytestmark = pytest.mark.django_db(transaction=True)

ROLES, USERS = 10_000, 10_000
#: They are doubled three times: 100,000 grants, 1,000 of them of one user.
GRANTS, OF_ONE = 12_500, 125
#: How each database says that it reads the whole of a table that grows with the site.
SCANS = {
    "sqlite": re.compile(r"\bSCAN (?:useraccounts_(?:user|useremail|rolegrant)|U\d+)\b"),
    "postgresql": re.compile(r"Seq Scan on useraccounts_(?:user|useremail|rolegrant)\b"),
    "mysql": re.compile(r"^(?:useraccounts_(?:user|useremail|rolegrant)|U\d+)\|ALL\|", re.M),
}
ONE, OTHER = "role-x7x", "role-x8x"
DAY = timedelta(days=1)


@pytest.fixture
def busy_one():
    """Fill the tables, and return the user with a thousand grants."""
    user_model = get_user_model()
    random.seed(5)
    now = timezone.now()
    roles = Role.objects.bulk_create(
        [Role(name=f"role-x{n}x", look=f"role-x{n}x") for n in range(ROLES)], batch_size=2000
    )
    users = user_model.objects.bulk_create(
        [user_model(username=f"user{n}", password="!") for n in range(USERS)], batch_size=2000
    )
    owners = [users[0]] * OF_ONE + random.choices(users[1:], k=GRANTS - OF_ONE)
    grants = []
    for owner in owners:
        starts_at = now - random.randint(1, 900) * DAY
        ends_at = starts_at + random.randint(1, 1800) * DAY if random.random() < 0.7 else None
        role = random.choice(roles)
        grants.append(
            RoleGrant(
                user=owner, role=role, starts_at=starts_at, ends_at=ends_at, counts_until=ends_at
            )
        )
    RoleGrant.objects.bulk_create(grants, batch_size=2000)
    table = RoleGrant._meta.db_table
    columns = ", ".join(f.column for f in RoleGrant._meta.concrete_fields if not f.primary_key)
    with connection.cursor() as cursor:
        for _doubling in range(3):
            cursor.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {table}")
    addresses = [UserEmail(user=user, email=f"{user.username}@example.com") for user in users]
    for address in addresses:
        address.email_key = address.verified_key = address.email
        address.is_primary, address.confirmed_at = True, now
    UserEmail.objects.bulk_create(addresses, batch_size=2000)
    roles[7].permissions.set(Permission.objects.all()[:3])
    with connection.cursor() as cursor:
        if connection.vendor == "mysql":
            tables = (get_user_model(), UserEmail, Role, RoleGrant)
            names = ", ".join(model._meta.db_table for model in tables)
            cursor.execute(f"ANALYZE TABLE {names}")
            cursor.fetchall()
        else:
            cursor.execute("ANALYZE")
    return user_model.objects.get(pk=users[0].pk)


def plan_of(sql):
    with connection.cursor() as cursor:
        cursor.execute(
            f"{'EXPLAIN QUERY PLAN' if connection.vendor == 'sqlite' else 'EXPLAIN'} {sql}"
        )
        rows = cursor.fetchall()
        if connection.vendor == "mysql":
            names = [column[0] for column in cursor.description]
            keep = [names.index("table"), names.index("type"), names.index("key")]
            rows = [[row[place] for place in keep] for row in rows]
    return "\n".join("|".join(str(cell) for cell in row) for row in rows)


def test_every_question_about_roles_is_answered_by_index(busy_one):
    users, grants = get_user_model().objects, RoleGrant.objects
    questions = {
        "the user of a session": lambda: AccountsBackend().get_user(busy_one.pk),
        "the roles at a moment": lambda: busy_one.roles_at(timezone.now() - 90 * DAY),
        "the permissions of a user": lambda: busy_one.has_perm("useraccounts.view_user"),
        "who has a role now": lambda: list(grants.in_force().filter(role__name=ONE)[:25]),
        "what ends in a day": lambda: list(grants.ending_within(1)[:25]),
        "whom to remind": lambda: remind_of_ends(days=1),
    }
    # SQLite asks each user in turn, until there are enough for a page.
    if connection.vendor != "sqlite":
        questions |= {
            "users with a role": lambda: list(users.with_roles(ONE).order_by("pk")[:25]),
            "users with one of two roles": lambda: list(users.with_roles([ONE, OTHER])[:25]),
            "users with two roles": lambda: list(users.with_roles(ONE, OTHER)[:25]),
            "users without a role": lambda: list(users.without_role(ONE).order_by("pk")[:25]),
        }

    scans = {}
    for question, ask in questions.items():
        with CaptureQueriesContext(connection) as queries:
            ask()
        plans = [plan_of(query["sql"]) for query in queries if query["sql"].startswith("SELECT")]
        assert plans, question
        found = [plan for plan in plans if SCANS[connection.vendor].search(plan)]
        scans |= {question: "\n".join(found)} if found else {}
    with CaptureQueriesContext(connection) as queries:
        names = AccountsBackend().get_user(busy_one.pk).role_names

    assert not scans, "\n\n".join(f"{question}\n{plan}" for question, plan in scans.items())
    assert len(queries) == 1
    assert len(names) > 50
    assert busy_one.role_grants.count() == 1000
    assert names == busy_one.roles_at(timezone.now())
