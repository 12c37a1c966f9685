"""Who comes back from the provider, and which account that is."""

import re
import time

import pytest
from django import forms
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, RegexValidator
from django.test.utils import isolate_apps

from django_useraccounts.emails.flows import confirm_email
from django_useraccounts.invitations.flows import invite
from django_useraccounts.models import (
    AbstractUser,
    AccountEvent,
    OneTimeSecret,
    OutgoingMail,
    UserEmail,
)
from django_useraccounts.secrets import CONFIRM_EMAIL, link_of, peek
from django_useraccounts.social.flows import connect, disconnect
from django_useraccounts.social.flows.arriving import names_in
from django_useraccounts.social.forms import CompleteRegistrationForm
from django_useraccounts.social.identities import Identity
from django_useraccounts.social.models import Connection
from django_useraccounts.social.views import CompleteRegistrationView
from django_useraccounts.testing import PASSWORD, log_in, make_user
from django_useraccounts.testing.provider import FakeProvider
from tests.social.visits import HANNAH, OPTIONS, arrive, begin, path_of, url, user_of

pytestmark = pytest.mark.django_db

User = get_user_model()


def identity_of(user, subject="hannah-1"):
    identity = Identity("guild", "https://id.guild.example", subject, email=HANNAH["email"])
    return connect(user, identity)


def kinds_to(address):
    return [mail.kind for mail in OutgoingMail.objects.filter(to=address).order_by("pk")]


def buttons_of(page):
    """Return where the buttons of providers lead, and where one goes on from there."""
    html = page.content.decode()
    found = re.finditer(r'action="(\S+/social-login/\S+)">.*?</form>', html, re.DOTALL)
    return [(form[1], re.search(r'name="next" value="(.*?)"', form[0])[1]) for form in found]


def hidden_in(page):
    return {field.name: field.value() for field in page.context["form"].hidden_fields()}


def complete(client, **data):
    return client.post(url("complete_registration"), {"username": "hannah", **data})


# The first time


def test_who_comes_for_the_first_time_is_asked_for_a_username_only(client, provider):
    response = arrive(client, provider)

    assert path_of(response) == url("complete_registration")
    page = client.get(response["Location"]).content.decode()
    assert 'value="hannah"' in page
    assert 'value="hannah@guild.example"' in page
    assert 'type="password"' not in page
    assert not User.objects.exists()


def test_a_proved_address_is_confirmed_without_a_mail_and_the_person_is_in(client, provider):
    arrive(client, provider, next_url="/studio/")

    response = complete(client, email="hannah@guild.example")

    user = User.objects.get()
    assert response["Location"] == "/studio/"
    assert user_of(client) == str(user.pk)
    assert (user.username, user.email) == ("hannah", "hannah@guild.example")
    assert (user.first_name, user.last_name) == ("Hannah", "Höch")
    assert not user.has_usable_password()
    assert Connection.objects.get().user == user
    assert UserEmail.objects.get().is_confirmed
    kinds = set(AccountEvent.objects.values_list("kind", flat=True))
    assert kinds == {"registered", "email_confirmed", "provider_connected", "logged_in"}
    sources = AccountEvent.objects.filter(kind__in=["registered", "logged_in"])
    assert {event.details["source"] for event in sources} == {"guild"}


def test_another_address_than_the_proved_one_waits_for_its_mail(client, provider):
    arrive(client, provider)

    response = complete(client, email="somebody@else.example")

    assert path_of(response) == url("mail_sent")
    assert not UserEmail.objects.get().is_confirmed
    assert kinds_to("somebody@else.example") == ["confirm_email"]
    assert user_of(client) == ""


@pytest.mark.parametrize("word", [False, None, "true", "false", 1, "missing"])
def test_G7_an_address_that_is_not_verified_waits_for_its_mail(client, provider, word):
    person = {**HANNAH, "email_verified": word}
    if word == "missing":
        del person["email_verified"]
    arrive(client, provider, person)

    complete(client, email="hannah@guild.example")

    assert not UserEmail.objects.get().is_confirmed
    assert kinds_to("hannah@guild.example") == ["confirm_email"]


def test_G7_a_provider_proves_no_address_of_a_domain_that_it_does_not_run(client, provider):
    arrive(client, provider, {**HANNAH, "email": "hannah@gmail.com"})

    complete(client, email="hannah@gmail.com")

    assert not UserEmail.objects.get().is_confirmed


def test_with_nothing_to_ask_the_account_is_opened_at_once(client, provider, set_conf, settings):
    set_conf(**{**settings.USERACCOUNTS, "USERNAME": "off"})

    response = arrive(client, provider, next_url="/studio/")

    user = User.objects.get()
    assert response["Location"] == "/studio/"
    assert user_of(client) == str(user.pk)
    assert user.email == "hannah@guild.example"


def test_a_name_is_cut_to_its_column_and_one_that_the_column_refuses_is_left_out(
    client, provider, set_conf, monkeypatch
):
    set_conf(USERNAME="off")
    for name, field in ((name, User._meta.get_field(name)) for name in ("first_name", "last_name")):
        monkeypatch.setattr(field, "max_length", 30)
        refused = [] if name == "first_name" else [RegexValidator("^[A-Z]+$")]
        monkeypatch.setattr(field, "validators", [MaxLengthValidator(30), *refused])

    arrive(client, provider, {**HANNAH, "given_name": "Ä" * 40})

    user = User.objects.get()
    assert user_of(client) == str(user.pk)
    assert (user.first_name, user.last_name) == ("Ä" * 30, "")


@isolate_apps("tests.social")
def test_a_user_model_may_do_without_names():
    class Nameless(AbstractUser):
        first_name = None

        class Meta(AbstractUser.Meta):
            app_label = "social"

    identity = Identity("guild", "issuer", "h", first_name="Hannah", last_name="Höch")

    assert names_in(identity, columns_of=Nameless) == {"last_name": "Höch"}


def test_who_has_an_unproved_address_is_asked_even_then(client, provider, set_conf, settings):
    set_conf(**{**settings.USERACCOUNTS, "USERNAME": "off"})

    response = arrive(client, provider, {**HANNAH, "email_verified": False})

    assert path_of(response) == url("complete_registration")
    assert not User.objects.exists()


def test_terms_are_asked_for(client, provider, set_conf, settings):
    set_conf(**{**settings.USERACCOUNTS, "USERNAME": "off", "TERMS_VERSION": "2026-05-01"})
    arrive(client, provider)

    refused = client.post(url("complete_registration"), {"email": HANNAH["email"]})
    accepted = client.post(
        url("complete_registration"), {"email": HANNAH["email"], "terms": "2026-05-01"}
    )

    assert refused.status_code == 200
    assert accepted.status_code == 302
    assert User.objects.get().terms_version == "2026-05-01"


def test_an_account_is_opened_for_the_identity_alone_that_the_page_has_shown(client, provider):
    arrive(client, provider)
    shown = client.get(url("complete_registration")).context["form"]["identity"].value()
    arrive(client, provider, {**HANNAH, "sub": "her-son", "email": "son@guild.example"})

    refused = complete(client, email=HANNAH["email"], identity=shown)
    again = complete(client, email="son@guild.example", **hidden_in(refused))

    assert refused.status_code == 409
    assert "son@guild.example" in refused.content.decode()
    assert again.status_code == 302
    assert Connection.objects.get().subject == "her-son"
    assert User.objects.get().email == "son@guild.example"


def test_closed_registration_holds(client, provider, set_conf, settings):
    set_conf(**{**settings.USERACCOUNTS, "POLICY": "tests.social.doubles.ClosedPolicy"})

    response = arrive(client, provider)

    assert client.get(response["Location"]).status_code == 403
    assert complete(client, email=HANNAH["email"]).status_code == 403
    assert not User.objects.exists()


@pytest.mark.asvs("2.3.1")
def test_the_page_is_nobodys_who_has_not_come_from_a_provider(client, has_providers):
    response = client.get(url("complete_registration"))

    assert path_of(response) == url("login")


def test_a_second_click_opens_no_second_account(client, provider):
    arrive(client, provider)
    session = client.session
    kept = dict(session.items())
    complete(client, email=HANNAH["email"])
    client.logout()
    session = client.session
    session.update(kept)
    session.save()

    response = complete(client, email=HANNAH["email"])

    assert User.objects.count() == 1
    assert response.status_code == 302
    assert user_of(client) == str(User.objects.get().pk)


# The next time


def test_who_is_known_is_logged_in(client, provider):
    maria = make_user("maria")
    identity_of(maria)

    response = arrive(client, provider, next_url="/studio/")

    assert response["Location"] == "/studio/"
    assert user_of(client) == str(maria.pk)


def test_the_address_at_the_provider_changes_nothing_here(client, provider):
    maria, other = make_user("maria"), make_user("other")
    identity_of(maria)

    arrive(client, provider, {**HANNAH, "email": "other@guild.example"})

    assert user_of(client) == str(maria.pk)
    assert UserEmail.objects.count() == 2
    assert other.emails.get().email == "other@example.com"


@pytest.mark.asvs("10.5.2")
def test_the_same_address_with_another_subject_is_somebody_else(client, provider):
    maria = make_user("maria", "hannah@guild.example")
    identity_of(maria)

    response = arrive(client, provider, {**HANNAH, "sub": "HANNAH-1"})

    assert user_of(client) == ""
    assert path_of(response) == url("connect_account")


def test_an_account_that_is_switched_off_stays_shut(client, provider):
    maria = make_user("maria", is_active=False)
    identity_of(maria)

    response = arrive(client, provider)

    assert response.status_code == 403
    assert user_of(client) == ""
    assert AccountEvent.objects.get(kind="social_login_refused").details["reason"] == "switched_off"


def test_who_has_to_confirm_first_is_told_so(client, provider):
    maria = make_user("maria", confirmed=False)
    identity_of(maria)

    response = arrive(client, provider)

    assert path_of(response) == url("resend_confirmation")
    assert user_of(client) == ""


def test_who_is_known_and_has_no_address_comes_in_to_add_one(client, provider):
    # As who was connected while the site had no addresses.
    identity_of(User.objects.create_user("maria"))

    arrive(client, provider)

    assert user_of(client)


def test_two_tabs_of_one_person_both_arrive(client, provider):
    maria = make_user("maria")
    identity_of(maria)
    first, second = begin(client), begin(client, next_url="/studio/")
    client.get(provider.agree(first))

    response = client.get(provider.agree(second))

    assert response["Location"] == "/studio/"


def test_who_logged_in_as_somebody_else_meanwhile_stays_that(client, provider):
    maria, other = make_user("maria"), make_user("other")
    identity_of(maria)
    begun = begin(client)
    client.post(url("login"), {"identifier": "other", "password": PASSWORD})

    response = client.get(provider.agree(begun))

    assert response.status_code == 409
    assert user_of(client) == str(other.pk)


# An account that waits for its address to be confirmed


@pytest.fixture
def mistyped(client, provider):
    """Who has registered with an address of nobody's, and comes back from the provider."""
    arrive(client, provider)
    complete(client, email="hannah@giuld.example")
    client.session.flush()
    response = arrive(client, provider, next_url="/studio/")
    assert path_of(response) == url("complete_registration")
    return User.objects.get()


def test_who_waits_for_a_mail_may_have_it_sent_again(client, mistyped):
    page = client.get(url("complete_registration"))
    form = {**hidden_in(page), "email": page.context["form"]["email"].value()}

    response = client.post(url("complete_registration"), form)

    assert set(form) == {"identity", "email"}
    assert path_of(response) == url("mail_sent")
    assert kinds_to("hannah@giuld.example") == ["confirm_email", "confirm_email"]
    assert UserEmail.objects.get().user == User.objects.get() == mistyped
    assert user_of(client) == ""


def test_and_may_put_the_address_right(client, mistyped):
    response = complete(client, email="hannah@home.example")

    assert path_of(response) == url("mail_sent")
    assert User.objects.get().username == "hannah"
    assert UserEmail.objects.get().email == "hannah@home.example"
    assert AccountEvent.objects.get(kind="email_removed").user_id == mistyped.pk
    secret = OneTimeSecret.objects.get(address=UserEmail.objects.get())
    page = path_of(client.get(url("confirm_email", str(link_of(secret)))))
    assert client.post(page, {"answer": "confirm"})["Location"] == "/studio/"
    assert user_of(client) == str(mistyped.pk)


def test_one_that_the_provider_has_proved_needs_no_mail(client, mistyped):
    response = complete(client, email=HANNAH["email"])

    assert response["Location"] == "/studio/"
    assert user_of(client) == str(mistyped.pk)
    assert User.objects.get().email == HANNAH["email"]


def test_one_that_belongs_to_somebody_is_told_to_its_owner_alone(client, mistyped):
    make_user("maria")

    response = complete(client, email="maria@example.com")

    assert path_of(response) == url("mail_sent")
    assert kinds_to("maria@example.com") == ["already_registered"]


def test_the_form_of_a_project_says_which_addresses_it_takes(client, mistyped, monkeypatch):
    class OurForm(CompleteRegistrationForm):
        newsletter = forms.BooleanField()

        def clean_email(self):
            if not self.cleaned_data["email"].endswith("@guild.example"):
                raise ValidationError("Only for people of the guild.")
            return self.cleaned_data["email"]

    monkeypatch.setattr(CompleteRegistrationView, "form_class", OurForm)

    refused = complete(client, email="hannah@home.example")

    assert "Only for people of the guild." in refused.content.decode()
    assert "newsletter" not in refused.content.decode()
    assert UserEmail.objects.get().email == "hannah@giuld.example"
    assert path_of(complete(client, email="h.hoech@guild.example")) == url("mail_sent")


def test_it_waits_for_no_registration_to_be_open(client, mistyped, set_conf, settings):
    set_conf(**{**settings.USERACCOUNTS, "POLICY": "tests.social.doubles.ClosedPolicy"})

    assert complete(client, email="hannah@home.example").status_code == 302
    assert User.objects.count() == 1


def test_there_are_limits_to_it(client, mistyped, set_conf, settings):
    set_conf(**{**settings.USERACCOUNTS, "LIMITS": {"mail": {"identifier": "1/1h"}}})
    kept = dict(client.session.items())
    complete(client, email="hannah@home.example")
    session = client.session
    session.update(kept)
    session.save()

    response = complete(client, email="hannah@home.example")

    assert response.status_code == 429
    assert kinds_to("hannah@home.example") == ["confirm_email"]


def test_who_has_confirmed_meanwhile_is_in(client, mistyped):
    confirm_email(peek(CONFIRM_EMAIL, link_of(OneTimeSecret.objects.get())))

    response = complete(client, email="hannah@home.example")

    assert response["Location"] == "/studio/"
    assert user_of(client) == str(mistyped.pk)
    assert User.objects.get().email == "hannah@giuld.example"


def test_whose_account_was_pruned_meanwhile_begins_again(client, mistyped):
    mistyped.delete()

    response = complete(client, email="hannah@home.example")

    assert response.status_code == 400
    assert not User.objects.exists()


def test_who_has_an_account_besides_connects_that(client, provider, mistyped):
    maria = make_user("maria")
    page = client.get(url("connect_account"))
    form = {**hidden_in(page), "identifier": "maria", "password": PASSWORD}

    client.post(url("connect_account"), form)

    assert user_of(client) == str(maria.pk)
    assert Connection.objects.get().user == maria


# An address that belongs to an account


def test_G8_nobody_is_connected_to_an_account_by_an_address(client, provider):
    make_user("maria", "hannah@guild.example")

    response = arrive(client, provider)

    assert path_of(response) == url("connect_account")
    assert user_of(client) == ""
    assert not Connection.objects.exists()
    assert not OutgoingMail.objects.exists()


def test_the_password_proves_the_account_and_connects_this_identity(client, provider):
    maria = make_user("maria", "hannah@guild.example")
    arrive(client, provider, next_url="/studio/")
    page = client.get(url("connect_account"))
    form = {"identity": page.context["form"]["identity"].value()}

    wrong = client.post(
        url("connect_account"), {**form, "identifier": "maria", "password": "a wrong one"}
    )
    right = client.post(
        url("connect_account"), {**form, "identifier": "maria", "password": PASSWORD}
    )

    assert wrong.status_code == 200
    assert right["Location"] == "/studio/"
    assert user_of(client) == str(maria.pk)
    assert Connection.objects.get().user == maria
    assert kinds_to("hannah@guild.example") == ["provider_connected"]


def test_another_identity_than_the_page_has_shown_is_not_connected(client, provider):
    maria = make_user("maria", "hannah@guild.example")
    arrive(client, provider)
    shown = client.get(url("connect_account")).context["form"]["identity"].value()
    arrive(client, provider, {**HANNAH, "sub": "somebody-else"})

    form = {"identifier": "maria", "password": PASSWORD}
    response = client.post(url("connect_account"), {**form, "identity": shown})

    assert response.status_code == 409
    assert not Connection.objects.exists()
    assert not maria.social_connections.exists()
    # Who has looked at the page once more goes on from there.
    client.post(url("connect_account"), {**form, **hidden_in(response)})
    assert Connection.objects.of(maria).get().subject == "somebody-else"


def test_another_provider_proves_the_account_to_connect_this_identity(client, provider, set_conf):
    club = {"ISSUER": "https://club.example", "CLIENT_ID": "the-site", "CLIENT_SECRET": "secret"}
    set_conf(SOCIAL={"PROVIDERS": {"guild": OPTIONS, "club": club}})
    maria = make_user("maria", "hannah@guild.example", password=None)
    connect(maria, Identity("club", "https://club.example", "m-1"))
    arrive(client, provider, next_url="/studio/")

    shown = buttons_of(client.get(url("connect_account")))
    with FakeProvider(issuer="https://club.example", client_secret="secret") as fake:
        sent = client.post(url("social_login", "club"), {"next": url("connect_account")})
        back = client.get(fake.agree(sent["Location"], {"sub": "m-1"}))
    page = client.get(back["Location"])
    form = {"identity": page.context["form"]["identity"].value()}
    connected = client.post(url("connect_account"), form)

    assert shown == [(url("social_login", "club"), url("connect_account"))]
    assert path_of(back) == url("connect_account")
    assert connected["Location"] == "/studio/"
    assert {row.provider for row in Connection.objects.of(maria)} == {"guild", "club"}


def test_the_page_that_proves_an_account_leads_nowhere_where_the_identity_is_forgotten(
    client, provider
):
    make_user("maria", "hannah@guild.example")
    arrive(client, provider)

    page = client.get(url("connect_account"))

    assert buttons_of(page) == []
    assert f'href="{url("login")}' not in page.content.decode().partition("<main")[2]


def test_an_unproved_address_tells_nobody_that_it_belongs_to_an_account(client, provider):
    make_user("maria", "hannah@guild.example")
    unproved = {**HANNAH, "email_verified": False}

    taken = arrive(client, provider, unproved)
    taken_page = client.get(taken["Location"]).content
    UserEmail.objects.all().delete()
    client.session.flush()
    free = arrive(client, provider, unproved)

    assert path_of(taken) == path_of(free) == url("complete_registration")
    assert b"maria" not in taken_page


def test_a_site_may_connect_by_the_address(client, provider, set_conf, settings):
    maria = make_user("maria", "hannah@guild.example")
    social = {**settings.USERACCOUNTS["SOCIAL"], "CONNECT_BY_EMAIL": True}
    set_conf(SOCIAL=social)

    arrive(client, provider)

    assert user_of(client) == str(maria.pk)
    assert Connection.objects.get().user == maria
    assert kinds_to("hannah@guild.example") == ["provider_connected"]


@pytest.mark.parametrize("change", [{"email_verified": False}, {"email": "hannah@gmail.com"}])
def test_G8_even_then_only_by_an_address_that_is_proved(
    client, provider, set_conf, settings, change
):
    make_user("maria", {**HANNAH, **change}["email"])
    set_conf(SOCIAL={**settings.USERACCOUNTS["SOCIAL"], "CONNECT_BY_EMAIL": True})

    arrive(client, provider, {**HANNAH, **change})

    assert user_of(client) == ""
    assert not Connection.objects.exists()


def test_G8_staff_have_to_prove_their_account_even_then(client, provider, set_conf, settings):
    make_user("maria", HANNAH["email"], is_staff=True)
    set_conf(SOCIAL={**settings.USERACCOUNTS["SOCIAL"], "CONNECT_BY_EMAIL": True})

    response = arrive(client, provider)

    assert path_of(response) == url("connect_account")
    assert user_of(client) == ""


@pytest.fixture
def disconnected(set_conf, settings, provider):
    """Who has connected a provider and disconnected it, where the address is enough to connect."""
    set_conf(SOCIAL={**settings.USERACCOUNTS["SOCIAL"], "CONNECT_BY_EMAIL": True})
    maria = make_user("maria", HANNAH["email"])
    disconnect(identity_of(maria))
    return maria


def test_nobody_comes_in_by_the_address_who_was_disconnected(client, provider, disconnected):
    response = arrive(client, provider)

    assert path_of(response) == url("connect_account")
    assert user_of(client) == ""
    assert not Connection.objects.exists()


@pytest.mark.parametrize("change", [{"actor": None}, {"details": {"issuer": "https://other"}}])
def test_what_a_reset_drops_and_other_providers_keep_nobody_out(
    client, provider, disconnected, change
):
    AccountEvent.objects.filter(kind="provider_disconnected").update(**change)

    arrive(client, provider)

    assert user_of(client) == str(disconnected.pk)


def test_whose_session_ended_meanwhile_begins_again(client, provider):
    log_in(client, make_user("maria"))
    session = client.session
    session["useraccounts_proved_at"] = int(time.time())
    session.save()
    begun = begin(client, name="connect_provider")
    kept = dict(client.session.items())
    client.logout()
    session = client.session
    session["useraccounts_social_attempts"] = kept["useraccounts_social_attempts"]
    session.save()

    response = client.get(provider.agree(begun))

    assert response.status_code == 400
    assert AccountEvent.objects.get(kind="social_login_refused").details["reason"] == "ended"


# With an invitation


@pytest.fixture
def invited(client):
    """Who is invited, opens the link, and goes to the page to register; the link's page."""
    boss = make_user("boss", is_superuser=True, roles=["artist"])
    invitation = invite(HANNAH["email"], by=boss, roles=["artist"])
    page = path_of(client.get(url("accept_invitation", str(link_of(invitation.link)))))
    assert path_of(client.post(page)) == url("register")
    return page


def test_who_is_known_is_offered_what_an_invitation_gives(client, provider, invited):
    maria = make_user("maria")
    identity_of(maria)

    response = arrive(client, provider, next_url="/studio/")
    client.post(response["Location"])

    assert path_of(response) == invited
    assert user_of(client) == str(maria.pk)
    assert maria.has_roles("artist")


def test_so_is_who_proves_an_account_first(client, provider, invited):
    maria = make_user("maria", HANNAH["email"])
    page = client.get(arrive(client, provider)["Location"])
    form = {**hidden_in(page), "identifier": "maria", "password": PASSWORD}

    response = client.post(url("connect_account"), form)
    client.post(response["Location"])

    assert path_of(response) == invited
    assert maria.has_roles("artist")


def test_who_logs_in_to_connect_another_one_does_so_first(client, provider, invited):
    maria = make_user("maria", HANNAH["email"], password=None)
    identity_of(maria, "another")
    arrive(client, provider)

    person = {"sub": "another"}
    response = arrive(client, provider, person, next_url=url("connect_account"))

    assert path_of(response) == url("connect_account")


def test_who_is_new_takes_it_by_registering(client, provider, invited):
    arrive(client, provider, next_url="/studio/")

    response = complete(client, email=HANNAH["email"])

    assert response["Location"] == "/studio/"
    assert User.objects.get(username="hannah").has_roles("artist")


# What a stranger has left


def test_G8_a_stranger_who_registered_the_address_first_keeps_nothing(
    client, provider, set_conf, settings, django_user_model
):
    set_conf(CONFIRM_EMAIL_BEFORE_LOGIN=False)
    stranger = type(client)()
    stranger.post(
        url("register"),
        {"username": "eve", "email": HANNAH["email"], "password": PASSWORD},
    )
    eve, secret = User.objects.get(), OneTimeSecret.objects.get()
    UserEmail.objects.add_claim(eve, "eve@evil.example")
    identity_of(eve, subject="eve")
    assert user_of(stranger) == str(eve.pk)

    arrive(client, provider)

    eve.refresh_from_db()
    assert user_of(client) == str(eve.pk)
    assert eve.email == HANNAH["email"]
    assert not eve.has_usable_password()
    assert [row.email for row in UserEmail.objects.all()] == [HANNAH["email"]]
    assert [row.subject for row in Connection.objects.all()] == ["hannah-1"]
    assert stranger.get(url("profile")).status_code == 302
    link = url("confirm_email", str(link_of(secret)))
    assert stranger.get(link, follow=True).status_code == 410
    login = stranger.post(url("login"), {"identifier": "eve", "password": PASSWORD})
    assert login.status_code == 200


def test_G8_an_account_that_has_an_owner_is_not_handed_over_for_a_claim(client, provider):
    eve = make_user("eve")
    UserEmail.objects.add_claim(eve, HANNAH["email"])

    response = arrive(client, provider)
    complete(client, email=HANNAH["email"])

    assert path_of(response) == url("complete_registration")
    assert User.objects.count() == 2
    assert UserEmail.objects.confirmed().get(email=HANNAH["email"]).user.username == "hannah"


def test_of_several_claims_none_is_handed_over(client, provider):
    for name in ("eve", "mallory"):
        make_user(name, HANNAH["email"], confirmed=False)

    response = arrive(client, provider)

    assert path_of(response) == url("complete_registration")
    assert user_of(client) == ""


def test_a_logged_in_visitor_goes_on(client, provider):
    log_in(client, make_user("maria"))

    response = client.post(url("social_login", "guild"))

    assert response.status_code == 302
    assert "id.guild.example" not in response["Location"]
