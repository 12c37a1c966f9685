"""The names of a project: taken ones, twice the same click, words that nobody shall read."""

import builtins
import getpass
import io
import re

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver, reverse

from django_useraccounts.mail import announce
from django_useraccounts.models import OutgoingMail, UserEmail
from django_useraccounts.testing import PASSWORD
from tests.readme import ROOT

from .visitor import FRIDA, Visitor

pytestmark = pytest.mark.django_db

HAS = settings.HAS
MAILS = ROOT / "django_useraccounts/templates/useraccounts/mails"
KINDS_OF_MAIL = [path.name for path in MAILS.iterdir() if path.is_dir()]
OTHERS = {"username": "diego", "email": "diego@example.com"}

only_with_email = pytest.mark.skipif(not HAS.email, reason="people have no addresses here")
only_with_username = pytest.mark.skipif(HAS.username == "off", reason="people have no usernames")


def users():
    return get_user_model().objects.all()


# Taken names


@only_with_username
@pytest.mark.parametrize("name", ["frida", "Frida", " FRIDA "])
def test_a_taken_username_is_told_beside_its_field(frida, somebody_else, name):
    frida.registers()

    response = somebody_else.registers(**{**OTHERS, "username": name, "password": "not hers"})

    if not HAS.email:
        # Who knows the password of that name has just clicked twice.
        assert somebody_else.is_logged_in
        return
    assert response.context["form"].errors == {
        "username": ["This username is taken. Please choose another one."]
    }
    assert users().count() == 1


@pytest.mark.skipif(HAS.email, reason="tells who it is by the browser")
def test_a_taken_username_with_another_password_is_refused(frida, somebody_else):
    frida.registers()
    somebody_else.password = "not the password of Frida"

    response = somebody_else.registers()

    assert "username" in response.context["form"].errors
    assert not somebody_else.is_logged_in
    assert users().count() == 1


@only_with_email
def test_a_taken_address_looks_like_a_free_one_and_its_owner_is_told(frida, somebody_else):
    frida.arrives()

    taken = somebody_else.registers(**{**OTHERS, "email": "FRIDA@example.com"})
    free = Visitor(HAS, committing=frida._committing).registers(
        username="david", email="david@example.com"
    )

    assert taken.redirect_chain == free.redirect_chain
    assert taken.status_code == free.status_code == 200
    assert frida.mailbox[-1].subject == "You already have an account at testserver"
    assert list(UserEmail.objects.confirmed().values_list("email", flat=True)) == [FRIDA["email"]]


@only_with_email
def test_a_taken_address_costs_the_statements_of_a_free_one(frida):
    frida.arrives()

    def statements_for(**names):
        path = reverse("useraccounts:register")
        answers = frida.answers(**names)
        with CaptureQueriesContext(connection) as captured:
            assert Client().post(path, answers).status_code == 302
        statements = [query["sql"] for query in captured.captured_queries]
        # Savepoints are numbered on.
        return [" ".join(sql.split()[:3]) for sql in statements if "SAVEPOINT" not in sql]

    free = statements_for(username="diego", email="diego@example.com")
    taken = statements_for(username="david", email=FRIDA["email"])

    assert taken == free


# A second click


def test_a_second_click_opens_no_second_account(frida):
    path = reverse("useraccounts:register")
    frida.get(path)
    answers = frida.answers()
    # The second request leaves before the first is answered: with the same cookies.
    second = Client()
    second.cookies.load({name: morsel.value for name, morsel in frida.browser.cookies.items()})

    first_answer = frida.browser.post(path, answers)
    second_answer = second.post(path, answers)

    assert second_answer.status_code == 302
    assert second_answer["Location"] == first_answer["Location"]
    assert users().count() == 1
    assert UserEmail.objects.count() == OutgoingMail.objects.count() == int(HAS.email)
    assert ("_auth_user_id" in second.session) == HAS.at_once


# The first administrator


def asked(monkeypatch, answers):
    """Answer what a command asks; return the questions."""
    questions = []

    def answering(question=""):
        questions.append(question)
        kinds = ("password", "email", "username")
        return answers[next(kind for kind in kinds if kind in question.lower().replace("-", ""))]

    monkeypatch.setattr(builtins, "input", answering)
    monkeypatch.setattr(getpass, "getpass", lambda question="Password: ": answering(question))
    return questions


class Terminal(io.StringIO):
    def isatty(self):
        return True


def asks_for():
    """What createsuperuser has to ask: the model's own name for a user, and the address."""
    by = get_user_model().USERNAME_FIELD
    return {by, *(["email"] if HAS.email else [])}


@pytest.mark.parametrize("way", ["noinput", "interactive"])
def test_createsuperuser_makes_somebody_who_can_log_in(frida, monkeypatch, way):
    answers = {**OTHERS, "password": PASSWORD}
    out = io.StringIO()

    if way == "noinput":
        monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
        options = {name: answers[name] for name in asks_for()}
        call_command("createsuperuser", interactive=False, stdout=out, **options)
    else:
        questions = asked(monkeypatch, answers)
        call_command("createsuperuser", stdin=Terminal(), stdout=out)
        assert len(questions) == len(asks_for()) + 2, questions

    assert out.getvalue().strip() == "Superuser created successfully."
    user = users().get()
    assert user.is_superuser and user.is_staff
    assert user.has_confirmed_email == HAS.email
    for kind, name in OTHERS.items():
        frida.logs_in(name)
        assert frida.is_logged_in == (kind in HAS.logs_in_by), kind
        frida.logs_out() if frida.is_logged_in else None


@pytest.mark.parametrize("kind", sorted(asks_for()))
def test_createsuperuser_tells_in_a_sentence_that_a_name_is_taken(frida, monkeypatch, kind):
    frida.arrives()
    if not getattr(users().get(), kind):
        pytest.skip("nobody has that name here")
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    options = {name: (FRIDA if name == kind else OTHERS)[name] for name in asks_for()}

    with pytest.raises(CommandError, match=r"is already taken|belongs to another account"):
        call_command("createsuperuser", interactive=False, **options)

    assert users().count() == 1


# Words that nobody shall read


def pages():
    """The URL names of all account pages that need no link, and are not about one row."""
    patterns = get_resolver().namespace_dict["useraccounts"][1].reverse_dict
    names = (name for name in patterns if isinstance(name, str))
    return sorted(name for name in names if not patterns[name][0][0][1])


@pytest.mark.skipif(HAS.username != "off", reason="people have usernames here")
def test_without_usernames_nobody_reads_of_one(frida, somebody_else):
    named = pages()
    assert len(named) > 10

    # As a stranger, and with everything wrong
    for name in named:
        frida.get(reverse(f"useraccounts:{name}"))
        frida.post(reverse(f"useraccounts:{name}"), {})
    frida.post(reverse("useraccounts:register"), {**FRIDA, "password": FRIDA["email"]})
    frida.logs_in("frida")
    frida.logs_in("nobody@example.com", "wrong")
    frida.get(reverse("useraccounts:confirm_email", args=["x" * 64]))
    # A name that somebody sends all the same is nobody's
    frida.post(reverse("useraccounts:register"), {**frida.answers(), **FRIDA})
    assert getattr(users().get(), "username", None) is None
    # From the first mail to the last
    frida.confirms()
    frida.get("/vault/")
    somebody_else.registers()
    somebody_else.fill("resend_confirmation", email="nobody@example.com")
    for name in named:
        if name not in {"logout", "close_account"}:
            frida.get(reverse(f"useraccounts:{name}"))
            frida.post(reverse(f"useraccounts:{name}"), {})
    frida.post(reverse("useraccounts:change_password"), {"old_password": PASSWORD, "new_password": "a new one of hers"})  # fmt: skip
    frida.fill("close_account", reason="")
    frida.logs_in(FRIDA["email"], "a new one of hers")
    frida.fill("forgot_password", email=FRIDA["email"])
    frida.opens_link()

    assert {
        "account_closed",
        "account_reopened",
        "already_registered",
        "confirm_email",
        "export_ready",
        "no_account",
        "password_changed",
        "reset_password",
        "welcome",
    } <= set(OutgoingMail.objects.values_list("kind", flat=True))
    assert not frida.is_shown("username")
    assert not somebody_else.is_shown("username")
    assert frida.get("/accounts/change-username/").status_code == 404


def leave_behind(column, value):
    """Give everybody a name of a kind that the site has given up, if there is a column for it."""
    if column in {field.name for field in get_user_model()._meta.fields}:
        users().update(**{column: value})


@pytest.mark.skipif(HAS.username != "off", reason="people have usernames here")
@pytest.mark.parametrize("kind", sorted(set(KINDS_OF_MAIL) - {"username_changed"}))
def test_without_usernames_no_mail_tells_of_one(frida, django_capture_on_commit_callbacks, kind):
    frida.arrives()
    leave_behind("username", "frida-of-old")

    with django_capture_on_commit_callbacks(execute=True):
        announce(kind, to=FRIDA["email"], user=users().get())

    assert frida.mailbox[-1].subject
    assert not frida.is_shown("username")
    assert not frida.is_shown("frida-of-old")


@pytest.mark.skipif(HAS.username != "off", reason="people have usernames here")
def test_a_username_from_before_is_shown_to_nobody(frida):
    frida.registers()
    leave_behind("username", "frida-of-old")
    frida.confirms()
    frida.fill("forgot_password", email=FRIDA["email"])
    frida.opens_link()
    for name in pages():
        frida.get(reverse(f"useraccounts:{name}"))

    assert not frida.is_shown("username")
    assert not any("frida-of-old" in html for html in frida.seen)
    assert "frida-of-old" not in f"{users().get()} {users().get().get_full_name()}"


@pytest.mark.skipif(HAS.email, reason="people have addresses here")
def test_an_address_from_before_gets_no_mail(frida):
    frida.arrives()
    leave_behind("email", FRIDA["email"])

    frida.fill("change_username", username="kahlo")
    frida.fill("change_password", old_password=frida.password, new_password="a new one of hers")

    assert not OutgoingMail.objects.exists()


def test_a_password_manager_is_told_a_name_that_logs_in(frida):
    frida.arrives()
    page = frida.get(reverse("useraccounts:change_password")).content.decode()

    (name,) = re.findall(r'<input type="text" autocomplete="username" value="([^"]*)"', page)

    frida.logs_out()
    frida.logs_in(name)
    assert frida.is_logged_in
