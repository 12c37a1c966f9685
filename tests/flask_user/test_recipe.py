"""The recipe of docs/flask_user.rst brings the users of a Flask-User database over."""

import importlib
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from io import StringIO
from pathlib import Path
from types import ModuleType

import bcrypt
import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import BCryptSHA256PasswordHasher
from django.core import mail
from django.core.management import call_command
from django.test import Client, override_settings
from django.urls import Resolver404, resolve, reverse
from pytest_django import Settings

from django_useraccounts.models import AccountEvent, OutgoingMail, UserEmail
from tests.readme import page_blocks

#: As SQLAlchemy makes them of the classes in Flask-User's documentation.
TABLES = """
CREATE TABLE users (
    id INTEGER NOT NULL, active BOOLEAN NOT NULL, username VARCHAR(100), password VARCHAR(255),
    email VARCHAR(255), email_confirmed_at DATETIME, first_name VARCHAR(100), last_name VARCHAR(100),
    PRIMARY KEY (id), UNIQUE (username), UNIQUE (email)
);
CREATE TABLE roles (id INTEGER NOT NULL, name VARCHAR(50), PRIMARY KEY (id), UNIQUE (name));
CREATE TABLE user_roles (
    id INTEGER NOT NULL, user_id INTEGER, role_id INTEGER, PRIMARY KEY (id),
    FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE,
    FOREIGN KEY(role_id) REFERENCES roles (id) ON DELETE CASCADE
);
"""
EMAILS = """
CREATE TABLE user_emails (
    id INTEGER NOT NULL, user_id INTEGER, email VARCHAR(255) NOT NULL, email_confirmed_at DATETIME,
    is_primary BOOLEAN NOT NULL, PRIMARY KEY (id), UNIQUE (email)
);
"""
#: What passlib 1.7 has made, at its lowest costs: of "Starving1", and of forty times "ü".
BCRYPT = "$2b$04$FQoJjrABVMRhUEIaFTpUne9zDUcpGccGesGyuxGkycnWLlTRSJeLC"
LONG = "$2b$04$Q.OSEhTTAPpSOoE65MsBieSfOv61cD8G69/a.Yjzm4M8kGJd5Is2u"
ARGON2 = (
    "$argon2id$v=19$m=512,t=1,p=4$FwLgvBcCwJjzPuecM+a8Vw"
    "$17TfsDxIQQ5SiVqE989pd1d96XWSEUqNHua3AZUXOy8"
)
PBKDF2 = "$pbkdf2-sha256$29000$09pbS.mdU2pNCaG0thbi/A$p4/P75HC4NVTdJfA7PteH7vrfASv9XZWhShBA41bOks"
THEN = "2019-05-01 10:00:00.000000"

PEOPLE = [
    (1, True, "Frida", BCRYPT, "Frida@Example.com", THEN, "Frida", "Kahlo"),
    (2, True, "diego", ARGON2, "diego@example.com", None, "Diego", None),
    (3, False, "leon", BCRYPT, "leon@example.com", THEN, None, None),
    (4, True, "FRIDA", BCRYPT, "other@example.com", THEN, "", ""),
    (5, True, "tina", PBKDF2, "tina@example.com", THEN, "", ""),
    (6, True, "lupe", LONG, "lupe@example.com", THEN, "", ""),
    (7, True, "double", BCRYPT, "frida@example.com", THEN, "", ""),
]


def blocks() -> dict[str, str]:
    """Return the modules of the page, by the path in their first line."""
    python = page_blocks("docs/flask_user.rst", "python")
    return {text.splitlines()[0].removeprefix("# "): text for text in python}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, ModuleType]]:
    """Import the modules of the page."""
    for name, text in blocks().items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    names = [name.removesuffix(".py").replace("/", ".") for name in blocks()]
    try:
        yield {name: importlib.import_module(name) for name in names}
    finally:
        for name in [name for name in sys.modules if name.split(".")[0] in {"mysite", "people"}]:
            del sys.modules[name]


@pytest.fixture
def hashers(
    project: dict[str, ModuleType], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PASSWORD_HASHERS = project["mysite.settings"].PASSWORD_HASHERS
    # As cheap as the hashes above.
    monkeypatch.setattr(BCryptSHA256PasswordHasher, "rounds", 4)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Make a database as Flask-User has it."""
    path = tmp_path / "flask_user.sqlite"
    write(path, TABLES)
    with closing(sqlite3.connect(path)) as database, database:
        database.executemany(f"INSERT INTO users VALUES ({','.join('?' * 8)})", PEOPLE)
        database.executemany("INSERT INTO roles VALUES (?, ?)", [(1, "Head Chef"), (2, "artist")])
        grants = [(1, 1, 1), (2, 1, 2), (3, 2, 2)]
        database.executemany("INSERT INTO user_roles VALUES (?, ?, ?)", grants)
    return path


def write(path: Path, script: str) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.executescript(script)


def bring_over(project: dict[str, ModuleType], old: Path) -> str:
    said = StringIO()
    command = project["people.management.commands.bring_over"].Command(stderr=said)
    call_command(command, str(old))
    return said.getvalue()


def named(username: str):
    return get_user_model().objects.called(username).get()


def can_log_in(name: str, password: str) -> bool:
    client = Client()
    client.post(reverse("useraccounts:login"), {"identifier": name, "password": password})
    return "_auth_user_id" in client.session


@pytest.mark.django_db
@pytest.mark.usefixtures("hashers")
def test_people_log_in_with_their_old_passwords(project, old) -> None:
    bring_over(project, old)

    assert can_log_in("Frida", "Starving1") and can_log_in("frida@example.com", "Starving1")
    assert named("frida").password.startswith("bcrypt_sha256$")
    assert not can_log_in("Frida", "Starving2")
    assert can_log_in("lupe", "ü" * 40)
    # It lacks a proof, not a password.
    assert not can_log_in("diego", "Starving1")
    assert named("diego").check_password("Starving1")


@pytest.mark.django_db
@pytest.mark.usefixtures("hashers")
def test_an_old_account_and_none_cost_a_hash_of_one_kind(project, old, monkeypatch) -> None:
    bring_over(project, old)
    hashpw, costs = bcrypt.hashpw, []

    def counting(password: bytes, salt: bytes) -> bytes:
        costs.append(salt[:7])
        return hashpw(password, salt)

    monkeypatch.setattr(bcrypt, "hashpw", counting)
    for name in ("frida", "nobody"):
        assert not can_log_in(name, "wrong")

    assert costs == [b"$2b$04$"] * 2


@pytest.mark.django_db
@pytest.mark.usefixtures("hashers")
def test_what_they_were_they_are(project, old) -> None:
    said = bring_over(project, old)

    frida = named("frida")
    assert (frida.username, frida.first_name, frida.last_name) == ("Frida", "Frida", "Kahlo")
    assert frida.email == "Frida@example.com"
    assert frida.emails.get().confirmed_at.isoformat() == "2019-05-01T10:00:00+00:00"
    assert frida.role_names == {"head-chef", "artist"}
    assert not frida.is_staff and not frida.is_superuser
    claim = named("diego").emails.get()
    assert not claim.is_confirmed and not claim.user.email
    assert not named("leon").is_active and not can_log_in("leon", "Starving1")
    assert not named("tina").has_usable_password()
    assert AccountEvent.objects.filter(kind="account_adopted").count() == 5
    assert [line.split()[-1] for line in said.splitlines()] == ["4", "7"]
    assert not OutgoingMail.objects.exists()


@pytest.mark.django_db
@pytest.mark.usefixtures("hashers")
def test_a_second_run_changes_nothing(project, old) -> None:
    bring_over(project, old)
    frida = named("frida")
    frida.set_password("another one, since")
    frida.save()

    said = bring_over(project, old)

    assert said.count("\n") == len(PEOPLE)
    assert named("frida").check_password("another one, since")
    assert get_user_model().objects.count() == UserEmail.objects.count() == 5


@pytest.mark.django_db
@pytest.mark.usefixtures("hashers")
def test_people_with_several_addresses_keep_them(project, old) -> None:
    rows = [
        (1, 1, "new@example.com", "NULL", 1),
        (2, 1, "kahlo@example.com", f"'{THEN}'", 0),
        (3, 1, "blue@example.com", f"'{THEN}'", 0),
    ]
    values = ", ".join(f"({i}, {user}, '{a}', {at}, {first})" for i, user, a, at, first in rows)
    write(old, f"{EMAILS} INSERT INTO user_emails VALUES {values};")
    # As the classes of some examples have it.
    write(old, "ALTER TABLE users RENAME COLUMN active TO is_active;")

    bring_over(project, old)

    frida = named("frida")
    assert frida.is_active and not named("leon").is_active
    assert frida.email == "kahlo@example.com"
    assert frida.emails.get(is_primary=True).email == "kahlo@example.com"
    proved = frida.emails.confirmed().order_by("pk").values_list("email", flat=True)
    assert list(proved) == ["kahlo@example.com", "blue@example.com"]


@pytest.mark.django_db
@pytest.mark.usefixtures("hashers")
def test_who_had_no_password_of_ours_gets_one_by_mail(
    project, old, client, django_capture_on_commit_callbacks
) -> None:
    bring_over(project, old)

    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("useraccounts:forgot_password"), {"email": "tina@example.com"})

    assert "/reset-password/" in mail.outbox[-1].body


def test_old_addresses_lead_on(project, client) -> None:
    with override_settings(ROOT_URLCONF=project["mysite.urls"]):
        for old, name in project["mysite.urls"].MOVED.items():
            try:
                resolve(f"/user/{old}")
            except Resolver404:
                pytest.fail(old)
            assert client.get(f"/user/{old}").url == reverse(f"useraccounts:{name}")
