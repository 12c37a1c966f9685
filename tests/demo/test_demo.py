"""The command ``demo``: prepared as often as you like, and served on a port that is free."""

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Protocol
from urllib.request import urlopen

import pytest
import requests
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.test import Client

from django_useraccounts.memberships.models import Plan
from django_useraccounts.models import (
    AccountEvent,
    AccountExport,
    Role,
    RoleGrant,
    User,
    UserEmail,
)
from django_useraccounts.roles.flows import grant_role, revoke_role
from testproject.guild.mailbox import all_mail
from testproject.guild.people import PASSWORD, PEOPLE, ask_for_data, seed

MANAGE = Path(__file__).parents[2] / "manage.py"


class Start(Protocol):
    def __call__(self, *arguments: str, var: Path | None = None) -> subprocess.Popen[str]: ...


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Yield a function that starts ``manage.py demo`` from elsewhere, warnings being errors."""
    running: list[subprocess.Popen[str]] = []

    def start_demo(*arguments: str, var: Path | None = None) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-W", "error", str(MANAGE), "demo", *arguments],
            cwd=tmp_path,
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "testproject.settings",
                "GUILD_VAR": str(var or tmp_path / "var"),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        running.append(process)
        return process

    # A child of a process in the background would ignore Ctrl-C.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield start_demo
    signal.signal(signal.SIGINT, before)
    for process in running:
        process.kill()
        process.communicate()


def read_greeting(process: subprocess.Popen[str]) -> list[str]:
    """Return the lines up to the one that says how to stop, when the demo answers."""
    lines: list[str] = []
    for line in process.stdout or ():
        lines.append(line)
        if line.startswith("Ctrl-C"):
            return lines
    pytest.fail("".join(lines))


def address_in(greeting: list[str]) -> str:
    return next(line.split()[-1] for line in greeting if " is open at " in line)


# Prepared


def test_the_demo_makes_everybody_it_names(site, db, capsys):
    call_command("demo", "--no-serve")

    told = capsys.readouterr().out
    assert PASSWORD in told
    for person in PEOPLE:
        user = authenticate(None, username=person.username, password=PASSWORD)
        assert user is not None, person
        assert user.role_names == {*person.roles, *person.ending_roles}
        assert user.has_confirmed_email
        assert f"  {person.username} " in told
    made = AccountEvent.objects.filter(kind="plan_made").values_list("details__plan", flat=True)
    assert [*made.order_by("pk")] == [*Plan.objects.order_by("pk").values_list("name", flat=True)]


def test_a_second_demo_changes_nothing(site, db):
    call_command("demo", "--no-serve")
    vincent = User.objects.get(username="vincent")
    vincent.set_password("a password of his own")
    vincent.save()
    revoke_role(vincent, "starving")
    grant_role(vincent, "artist")
    nova = User.objects.get(username="nova")
    nova.username = "supernova"
    nova.save()
    rows = [model.objects.count() for model in (User, UserEmail, Role, RoleGrant)]

    call_command("demo", "--no-serve")

    assert [model.objects.count() for model in (User, UserEmail, Role, RoleGrant)] == rows
    vincent = User.objects.get(username="vincent")
    assert vincent.check_password("a password of his own")
    assert User.objects.get(email="nova@guild.example").username == "supernova"
    assert vincent.role_names == {"artist"}


@pytest.mark.parametrize("port", ["-1", "65536"])
def test_a_port_that_cannot_be_is_refused(site, port):
    with pytest.raises(CommandError, match="0 to 65535"):
        call_command("demo", f"--port={port}")


def test_two_demos_may_be_prepared_at_once(start, tmp_path):
    processes = [start("--no-serve") for _ in range(2)]

    outputs = [process.communicate(timeout=60)[0] for process in processes]

    assert [process.returncode for process in processes] == [0, 0], outputs
    with closing(sqlite3.connect(tmp_path / "var" / "demo.sqlite3")) as database:
        count = database.execute("SELECT count(*) FROM useraccounts_user").fetchone()[0]
    assert count == len(PEOPLE)


def test_a_folder_that_cannot_be_written_is_named_in_one_sentence(start, tmp_path):
    (tmp_path / "file").touch()

    output, _ = start("--no-serve", var=tmp_path / "file" / "var").communicate(timeout=60)

    assert "GUILD_VAR" in output
    assert str(tmp_path / "file" / "var") in output
    assert "Traceback" not in output


def test_who_asks_for_data_gets_a_mail_once_and_who_has_left_may_come_back(
    site, db, django_capture_on_commit_callbacks
):
    seed()

    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            ask_for_data("testserver:8765")

    [mail] = all_mail()
    assert mail.to == "agnes@guild.example"
    assert "http://testserver:8765/accounts/fetch-export/" in mail.text
    assert AccountExport.objects.get().made_at
    assert User.objects.get(username="marcel").is_closed
    client = Client()
    client.post("/accounts/login/", {"identifier": "marcel", "password": PASSWORD})
    assert not User.objects.get(username="marcel").is_closed


# Served


def test_the_demo_serves_until_it_is_interrupted(start):
    process = start("--port=0")
    greeting = read_greeting(process)
    home = urlopen(address_in(greeting)).read().decode()

    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=30)

    assert "Borrow a name" in home
    assert PASSWORD in "".join(greeting)
    assert process.returncode == 0, rest
    assert "Good night" in rest
    assert "Traceback" not in rest


def test_a_port_in_use_leads_to_the_next_free_one(start):
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        greeting = read_greeting(start(f"--port={port}"))

    assert f"Port {port} is in use" in greeting[0]
    assert int(address_in(greeting).rstrip("/").rpartition(":")[2]) > port


# In other ways


@pytest.mark.parametrize(
    "identity, there, not_there",
    [
        ("email", ['name="email"'], ['name="username"']),
        ("typed-twice", ['name="retype_email"', 'name="retype_password"'], []),
    ],
)
def test_the_guild_can_call_its_people_in_another_way(
    start, monkeypatch, identity, there, not_there
):
    monkeypatch.setenv("GUILD_IDENTITY", identity)
    address = address_in(read_greeting(start("--port=0")))

    home = urlopen(address).read().decode()
    page = urlopen(f"{address}accounts/register/").read().decode()

    assert f"<b>{identity}</b>" in home
    assert [text for text in there if text not in page] == []
    assert [text for text in not_there if text in page] == []


def test_a_way_that_the_guild_does_not_know_is_told_with_those_it_knows(start, monkeypatch):
    monkeypatch.setenv("GUILD_IDENTITY", "face")

    output, _ = start("--no-serve").communicate(timeout=60)

    assert "GUILD_IDENTITY is one of: both, email, username" in output


def test_the_guild_can_have_rules_to_accept(start, monkeypatch):
    monkeypatch.setenv("GUILD_TERMS", "2")
    address = address_in(read_greeting(start("--port=0")))

    page = urlopen(f"{address}accounts/register/").read().decode()
    rules = urlopen(f"{address}accounts/terms/").read().decode()

    assert 'name="terms"' in page
    assert "the sauce stays a secret" in rules


# By a provider


def click(browser, url, **form):
    """Fill in the form of a page, send it, and return the page that this leads to."""
    page = browser.get(url)
    form["csrfmiddlewaretoken"] = re.findall(r'csrfmiddlewaretoken" value="(\w+)"', page.text)[-1]
    return browser.post(page.url, form)


def test_a_stranger_joins_by_the_provider_of_the_guild_on_whatever_port(start):
    address = address_in(read_greeting(start("--port=0")))
    with requests.Session() as browser:
        assert "accounts/social-login/guild/" in browser.get(address).text

        # when somebody goes there, says who she is, and comes back
        asked = click(browser, f"{address}accounts/social-login/guild/")
        came_back = click(browser, asked.url, person="hannah")
        joined = click(browser, came_back.url, username="hannah", email="hannah@guild.example")

    assert asked.url.startswith(f"{address}provider/authorize?")
    assert came_back.url == f"{address}accounts/complete-registration/"
    assert "Welcome back, <bdi>hannah</bdi>" in joined.text


def test_google_and_facebook_join_with_the_keys_in_the_environment():
    keys = {"GOOGLE_CLIENT_ID": "an id", "GOOGLE_CLIENT_SECRET": "a secret"}
    keys |= {"FACEBOOK_CLIENT_ID": "an id without its secret"}
    program = (
        "from testproject.settings import *; print(PROVIDERS['google'], [*PROVIDERS], SECURE_CSP)"
    )

    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=MANAGE.parent,
        env={**os.environ, **keys},
        capture_output=True,
        text=True,
    )

    assert "{'CLIENT_ID': 'an id', 'CLIENT_SECRET': 'a secret'}" in done.stdout, done.stderr
    assert "['guild', 'google']" in done.stdout
    # Chrome holds a redirect after a form to the policy of the page.
    assert "https://accounts.google.com" in done.stdout
    assert "https://www.facebook.com" not in done.stdout


# Breached passwords


def test_the_guild_refuses_a_password_that_is_known_from_a_breach_without_the_network(start):
    address = address_in(read_greeting(start("--port=0")))
    person = {"username": "newcomer", "email": "newcomer@guild.example"}
    with requests.Session() as browser:
        url = f"{address}accounts/register/"
        known = click(browser, url, password="correct horse battery staple", **person)
        other = click(browser, url, password="a horse that nobody has met", **person)

    assert "has appeared in a data breach" in known.text
    assert other.url == f"{address}accounts/mail-sent/"


@pytest.mark.parametrize("wish, options", [("", ["url"]), ("1", [])])
def test_whom_the_guild_asks_about_breached_passwords(monkeypatch, wish, options):
    monkeypatch.setenv("GUILD_BREACHED", wish)
    program = (
        "from testproject.settings import *; print([*AUTH_PASSWORD_VALIDATORS[-1]['OPTIONS']])"
    )

    shown = subprocess.run(
        [sys.executable, "-c", program], cwd=MANAGE.parent, capture_output=True, text=True
    )

    assert shown.stdout.strip() == str(options)
