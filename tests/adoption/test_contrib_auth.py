"""docs/contrib_auth.rst, followed word by word on an old site with users, orders and sessions."""

import ast
import shlex
from typing import Any

import pytest
from django.db import connection

from tests.adoption.site import Site, blocks

# Not for this process: so that the site is led over on the other databases as well.
pytestmark = pytest.mark.django_db

#: Who is there before: somebody with everything, and one of each who cannot be taken over as is.
PEOPLE = """
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from shop.models import Cake, Order

def person(name, email, **fields):
    return User.objects.create_user(name, email, "old password", **fields)

frida = person("Frida", "Frida@Example.com", is_staff=True, first_name="Frida")
bakers = Group.objects.create(name="bakers")
bakers.permissions.add(Permission.objects.get(codename="change_user"))
frida.groups.add(bakers)
frida.user_permissions.add(Permission.objects.get(codename="add_order"))
cake = Cake.objects.create(name="Sacher")
cake.fans.add(frida)
Order.objects.create(user=frida, cake=cake)
LogEntry.objects.create(user=frida, object_id=frida.pk, action_flag=CHANGE,
    content_type=ContentType.objects.get_for_model(User), object_repr="Frida")
# As code can store it, past the form; MariaDB takes it for another name, and "frida" for the same.
other = person("somebody", "other@example.com")
User.objects.filter(pk=other.pk).update(username="ｆｒｉｄａ")
person("lotte@example.com", "lotte@example.com")
for name in ("max", "moritz"):
    person(name, "both@example.com")
person("joerg", "jörg@example.com")
person("nobody", "")
person("off", "off@example.com", is_active=False)
for number in range(12):
    person(f"member{number}", f"member{number}@example.com")
client = Client()
assert client.login(username="Frida", password="old password")
print(client.cookies["sessionid"].value)
"""

#: What the former release does after the columns are there, and what it cannot know.
MEANWHILE = """
from django.contrib.auth.models import User
from django.test import Client

User.objects.create_user("late", "late@example.com", "old password")
User.objects.filter(username="member3").update(email="new@example.com")
assert Client().login(username="Frida", password="old password")
assert User.objects.get(username="Frida").email == "Frida@example.com"
"""

#: Ends the process in the middle of a batch, as no program can prevent.
KILLED = """
import os, signal
from django.core.management import call_command
from django.db import connection

def count(execute, sql, params, many, context):
    if sql.startswith("INSERT INTO") and "accountevent" in sql:
        seen.append(sql)
        if len(seen) == 3:
            os.kill(os.getpid(), signal.SIGKILL)
    return execute(sql, params, many, context)

seen = []
with connection.execute_wrapper(count):
    call_command("useraccounts_adopt", "--ahead", "--batch=4", skip_checks=True)
"""

#: Who could log in now, and what is known of everybody.
STATE = """
from people.models import User
from django_useraccounts.models import AccountEvent, UserEmail

rows = {row.user_id: row for row in UserEmail.objects.all()}
print([
    (u.username, u.username_key, u.email, rows[u.pk].email if u.pk in rows else None,
     u.pk in rows and rows[u.pk].is_confirmed,
     AccountEvent.objects.filter(user=u, kind="account_adopted").count())
    for u in User.objects.order_by("pk")
])
"""

#: A visit to the new release, by the session of the former one and by passwords.
VISIT = """
from django.test import Client
from django.contrib.auth import SESSION_KEY
from people.models import User

def log_in(name):
    client = Client()
    page = client.post("/accounts/login/", {"identifier": name, "password": "old password"})
    return SESSION_KEY in client.session

old = Client()
old.cookies["sessionid"] = SESSION
assert "Frida" in old.get("/accounts/profile/").content.decode()
assert old.session["_auth_user_backend"] == "django_useraccounts.backends.AccountsBackend"
assert log_in("frida") and log_in("FRIDA") and log_in("nobody") and log_in("late")
assert not log_in("off") and not log_in("other@example.com")
assert User.objects.get(username="Frida").password.startswith("argon2")
assert User.objects.get(username="joerg").password.startswith("md5")
"""

#: What hangs on users hangs on them still.
KEPT = """
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from people.models import User
from shop.models import Order

frida = User.objects.get(username="Frida")
assert frida.orders.get().cake.name == frida.cakes.get().name == "Sacher"
assert frida.groups.get().name == "bakers" and frida.is_staff and frida.last_login
assert frida.has_perm("people.change_user") and frida.has_perm("shop.add_order")
assert LogEntry.objects.get().content_type == ContentType.objects.get_for_model(User)
assert not ContentType.objects.filter(app_label="auth", model="user").exists()
assert not User.objects.get(username="off").is_active
frida.delete()
assert not Order.objects.exists()
"""


def state(site: Site) -> dict[str, tuple[Any, ...]]:
    """Return what the database holds of everybody, by username."""
    return {name: rest for name, *rest in ast.literal_eval(site.shell(STATE))}


def commands() -> list[list[str]]:
    """Return the commands of the page, without the interpreter."""
    lines = [line for block in blocks("shell") for line in block.splitlines()]
    return [shlex.split(line)[2:] for line in lines]


def test_an_old_site_is_led_over_as_the_page_says(old_site: Site) -> None:
    old_site.manage("migrate", "--verbosity=0")
    session = old_site.shell(PEOPLE)
    former = old_site.keep_release("former")
    old_site.follow()
    begin, migrate, look, ahead, last, rename, check, make, settle = commands()

    assert "InconsistentMigrationHistory" in old_site.manage(*migrate, code=1)
    assert "people.0001_initial is recorded" in old_site.manage(*begin)
    assert "Nothing to do." in old_site.manage(*begin)
    assert "run migrate first" in old_site.manage(*ahead, code=1)
    old_site.manage(*migrate)
    found = old_site.manage(*look, code=1)
    before = state(old_site)
    assert {rest[0] for rest in before.values()} == {None}
    for line in FOUND:
        assert f"\n{line}\n" in found
    old_site.shell(KILLED, code=-9)
    # Two batches of four were committed, and nothing of the third.
    assert [bool(rest[0] or rest[2]) for rest in state(old_site).values()] == [True] * 8 + [
        False
    ] * 12
    old_site.manage(*ahead)
    assert "\n0 of " in old_site.manage(*ahead)
    old_site.shell(MEANWHILE, settings=former)
    # From here on the new release serves.
    old_site.manage(*last, code=1)
    old_site.manage(*rename)
    assert "Everything agrees." in old_site.manage(*check)
    assert state(old_site) == {**AFTER, **{f"member{n}": member(n) for n in range(12) if n != 3}}
    old_site.shell(
        VISIT.replace("SESSION,", f"{session!r},").replace("= SESSION\n", f"= {session!r}\n")
    )
    old_site.manage(*make)
    old_site.manage(*settle)
    assert "No changes detected" in old_site.manage("makemigrations", "--check", "--dry-run")
    old_site.shell(KEPT)
    assert "\n0 of 20 users changed." in old_site.manage(*last[:1])


FOUND = (
    "2 × address of several: waits to be confirmed",
    "1 × no address: stays without one",
    "1 × not an address: is taken off the account",
    "1 × username of another: cannot be used to log in",
    "1 × username with @: cannot be used to log in",
    "20 of 20 users would be changed.",
    "CommandError: 2 users have nothing to log in by.",
)

#: Key, user.email, address, whether that is confirmed, events.
AFTER = {
    "Frida": ["frida-", "", "Frida@example.com", False, 1],
    "frida-2": ["frida-2-", "", "other@example.com", False, 1],
    "lotte": ["lotte-", "", "lotte@example.com", False, 1],
    "max": ["max-", "", "both@example.com", False, 1],
    "moritz": ["moritz-", "", "both@example.com", False, 1],
    "joerg": ["joerg-", "", None, False, 1],
    "nobody": ["nobody-", "", None, False, 1],
    "off": ["off-", "", "off@example.com", False, 1],
    "late": ["late-", "", "late@example.com", False, 1],
    "member3": ["member3-", "", "new@example.com", False, 1],
}


def member(number: int) -> list[Any]:
    return [f"member{number}-", "", f"member{number}@example.com", False, 1]


def test_a_new_database_needs_nothing_but_migrate(old_site: Site) -> None:
    # As PostgreSQL can have it; elsewhere no such index can be made.
    is_postgresql = connection.vendor == "postgresql"
    old_site.follow(concurrently=is_postgresql)
    begin, migrate, *_rest, make, _settle = commands()

    assert "A new database needs nothing but migrate" in old_site.manage(*begin, code=1)
    old_site.manage(*migrate)
    old_site.shell("from people.models import User; User.objects.create_user('frida')")

    known = ("--confirmed", "shop.known.confirmed")
    assert "1 × no address" in old_site.manage("useraccounts_adopt", "--dry-run", *known)
    old_site.manage(*make)
    old_site.manage(*migrate)
    assert "W009" not in old_site.manage("check", "--database", "default")
    assert "No changes detected" in old_site.manage("makemigrations", "--check", "--dry-run")
