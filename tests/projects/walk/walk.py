"""
The way through a project, whatever people are called there: from the register page to every door.

``tests/projects/test_projects.py`` runs this file once for each project, in a process whose settings
are those of the project. ``has`` says what people have there.
"""

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.contrib.auth import aauthenticate, authenticate, get_user_model
from django.core import mail
from django.urls import reverse

from django_useraccounts.models import OutgoingMail, Role, UserEmail
from django_useraccounts.roles.flows import grant_role

from .visitor import FRIDA, MAIL_PAGES

pytestmark = pytest.mark.django_db

HAS = settings.HAS
NEW_PASSWORD = "another correct horse"

only_with_email = pytest.mark.skipif(not HAS.email, reason="people have no addresses here")
only_with_username = pytest.mark.skipif(HAS.username == "off", reason="people have no usernames")
only_at_once = pytest.mark.skipif(not (HAS.email and HAS.at_once), reason="confirms first")


def the_user():
    return get_user_model().objects.get()


# From the register page to the open door


def test_who_registers_is_what_the_project_says(frida):
    frida.registers()

    user = the_user()
    assert getattr(user, "username", None) == (FRIDA["username"] if HAS.username != "off" else None)
    assert user.email == ""
    claimed = [address.email for address in UserEmail.objects.all()]
    assert claimed == ([FRIDA["email"]] if HAS.email else [])
    assert frida.is_logged_in == HAS.at_once


def test_a_door_opens_to_who_has_confirmed_and_has_the_role(frida):
    frida.arrives()
    assert frida.get("/letters/").content == b"The letters are here."
    assert frida.get("/vault/").status_code == 403

    Role.objects.create(name="keyholder")
    grant_role(the_user(), "keyholder")

    assert frida.get("/vault/").content == b"The vault is open."
    frida.logs_out()
    assert frida.get("/vault/").redirect_chain == [("/accounts/login/?next=/vault/", 302)]


@only_with_email
def test_the_link_makes_the_address_her_own(frida):
    frida.registers()
    page = frida.opens_link()
    assert not the_user().has_confirmed_email

    frida.post(page, {"answer": "confirm"})

    assert the_user().email == FRIDA["email"]
    assert [message.to for message in mail.outbox] == [[FRIDA["email"]]] * 2  # the link, a welcome


# Passwords


def test_she_changes_her_password_and_logs_in_with_each_of_her_names(frida):
    frida.arrives()
    changed = frida.fill(
        "change_password",
        **frida.twice(old_password=frida.password, new_password=NEW_PASSWORD),
    )
    assert "Your password is changed." in changed.content.decode()

    for kind, name in FRIDA.items():
        frida.logs_out() if frida.is_logged_in else None
        frida.logs_in(name, frida.password)
        assert not frida.is_logged_in, f"{kind}, with the old password"
        frida.logs_in(name, NEW_PASSWORD)
        assert frida.is_logged_in == (kind in HAS.logs_in_by), kind


def test_code_finds_her_by_the_keyword_that_her_user_model_names(frida):
    # As contrib.auth does, so REST framework, the client of tests and other packages lean on it.
    frida.arrives()
    field = get_user_model().USERNAME_FIELD
    name = {field: FRIDA[field]}
    expected = the_user() if field in HAS.logs_in_by else None

    assert authenticate(None, **name, password=frida.password) == expected
    assert async_to_sync(aauthenticate)(None, **name, password=frida.password) == expected
    assert authenticate(None, **name, password="a wrong password") is None


def test_what_does_not_match_is_called_by_what_people_have_here(frida):
    response = frida.logs_in("nobody", "a wrong password")

    (sentence,) = response.context["form"].non_field_errors()
    label = response.context["form"].fields["identifier"].label
    for word, kind in (("username", "username"), ("e-mail", "email")):
        assert (word in sentence.split(".")[0].lower()) == (kind in HAS.logs_in_by)
        assert (word in label.lower()) == (kind in HAS.logs_in_by)


@only_with_email
def test_who_forgot_the_password_sets_a_new_one_by_mail(frida):
    frida.arrives()
    frida.logs_out()
    frida.fill("forgot_password", email=FRIDA["email"])
    page = frida.opens_link()

    response = frida.post(page, frida.twice(new_password=NEW_PASSWORD))

    assert response.redirect_chain == [("/accounts/login/", 302)]
    for kind in HAS.logs_in_by:
        frida.logs_in(FRIDA[kind], NEW_PASSWORD)
        frida.logs_out()


def test_a_first_password_is_set_by_who_has_none(frida):
    frida.arrives()
    user = the_user()
    user.set_unusable_password()
    user.save()
    frida.browser.force_login(user)

    response = frida.fill("set_password", **frida.twice(new_password=NEW_PASSWORD))

    assert "Your password is set." in response.content.decode()
    assert the_user().check_password(NEW_PASSWORD)


# Usernames and profiles


@only_with_username
def test_she_changes_her_username_and_nobody_else_gets_the_old_one(frida, somebody_else):
    frida.arrives()
    frida.fill("change_username", username="kahlo")
    assert the_user().username == "kahlo"
    frida.logs_out()

    frida.logs_in("kahlo")
    assert frida.is_logged_in == ("username" in HAS.logs_in_by)
    response = somebody_else.registers(email="other@example.com")

    assert response.context["form"].errors["username"] == [
        "This username is taken. Please choose another one."
    ]
    assert get_user_model().objects.count() == 1


def test_she_edits_her_profile(frida):
    frida.arrives()
    form = frida.get(reverse("useraccounts:edit_profile")).context["form"]
    answers = {name: str(form[name].value() or "") for name in form.fields}

    frida.fill("edit_profile", **{**answers, "first_name": "Frida", "last_name": "Kahlo"})

    assert the_user().get_full_name() == "Frida Kahlo"
    assert "Frida Kahlo" in frida.get(reverse("useraccounts:profile")).content.decode()


# Where there is no mail


@pytest.mark.skipif(HAS.email, reason="people have addresses here")
def test_there_is_no_mail_server_here():
    with pytest.raises(ConnectionRefusedError):
        mail.EmailMessage("Hello", to=[FRIDA["email"]]).send()


@pytest.mark.skipif(HAS.email, reason="people have addresses here")
def test_without_addresses_no_page_leads_to_one_and_no_mail_is_written(frida):
    frida.get(reverse("useraccounts:login"))
    frida.logs_in("nobody", "a wrong password")
    frida.arrives()
    for page in ("profile", "edit_profile", "change_username", "confirm_identity"):
        frida.get(reverse(f"useraccounts:{page}"))
    frida.fill("change_username", username="kahlo")
    frida.fill("change_password", old_password=frida.password, new_password=NEW_PASSWORD)
    frida.logs_out()

    assert frida.links_to_mail_pages == []
    assert not frida.is_shown("mail")
    assert not OutgoingMail.objects.exists()


@pytest.mark.skipif(HAS.email, reason="people have addresses here")
@pytest.mark.parametrize("page", MAIL_PAGES)
def test_without_addresses_the_pages_about_them_are_not_there(frida, page):
    link = f"{'x' * 64}/" if page in {"confirm-email", "reset-password"} else ""

    path = f"/accounts/{page}/{link}"
    for response in (frida.get(path), frida.post(path, {"email": FRIDA["email"]})):
        assert response.status_code == 404
        assert "This link does not work" not in response.content.decode()


# Where people come in before they confirm


@only_at_once
def test_who_has_yet_to_confirm_is_sent_to_do_so_and_comes_back(frida):
    Role.objects.create(name="keyholder")
    frida.registers()
    grant_role(the_user(), "keyholder")
    assert frida.get("/waiting-room/").content == b"Take a seat."

    response = frida.get("/vault/")

    assert response.redirect_chain == [("/accounts/emails/?next=/vault/", 302)]
    response = frida.post("/accounts/resend-confirmation/?next=/vault/", {"email": FRIDA["email"]})
    assert response.status_code == 200
    assert frida.confirms().redirect_chain == [("/vault/", 302)]
    assert frida.seen[-1] == "The vault is open."


@only_at_once
def test_who_has_yet_to_confirm_logs_in_by_username_only(frida):
    frida.registers()

    for kind, name in FRIDA.items():
        frida.logs_out() if frida.is_logged_in else None
        frida.logs_in(name)
        # An address that nobody has proved may be somebody else's.
        assert frida.is_logged_in == (kind == "username"), kind


@pytest.mark.skipif(HAS.at_once, reason="people come in at once here")
def test_nobody_logs_in_before_the_address_is_confirmed(frida):
    frida.registers()

    for name in FRIDA.values():
        frida.logs_in(name)
        assert not frida.is_logged_in, name


# Typed twice


@pytest.mark.skipif(not HAS.typed_twice, reason="nothing is typed twice here")
def test_what_is_not_the_same_is_told_beside_its_field(frida):
    answers = {**FRIDA, "password": frida.password}
    told = {}
    for word in HAS.typed_twice:
        wrong = {**frida.twice(**answers), f"retype_{word}": "another@example.com"}
        response = frida.fill("register", **wrong)
        told |= response.context["form"].errors

    assert told == {
        "retype_email": ["This is not the same as above. Please enter it again."],
        "retype_password": ["This is not the same as above. Please enter it again."],
    }
    assert not get_user_model().objects.exists()


@pytest.mark.skipif("password" not in HAS.typed_twice, reason="no password is typed twice here")
def test_a_new_password_is_typed_twice_wherever_one_is_set(frida):
    wrong = {"new_password": NEW_PASSWORD, "retype_password": f"{NEW_PASSWORD} "}
    told = {"retype_password": ["This is not the same as above. Please enter it again."]}
    frida.arrives()

    changing = frida.fill("change_password", old_password=frida.password, **wrong)
    frida.post("/accounts/forgot-password/", {"email": FRIDA["email"]})
    resetting = frida.post(frida.opens_link(), wrong)
    user = the_user()
    user.set_unusable_password()
    user.save()
    frida.browser.force_login(user)
    setting = frida.fill("set_password", **wrong)

    for response in (changing, resetting, setting):
        assert response.context["form"].errors == told
    assert not the_user().has_usable_password()
