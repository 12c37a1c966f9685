"""Log in by a provider, and what is connected."""

from typing import Any

from django_useraccounts.models import AbstractUser, UserEmail
from django_useraccounts.social.identities import Identity
from django_useraccounts.social.models import Connection
from django_useraccounts.testing.provider import FakeProvider
from tests.gallery.stage import LONG_EMAIL, Stage, entry
from tests.social.visits import HANNAH, ISSUER, OPTIONS

CLIENT = {"CLIENT_ID": "the-site", "CLIENT_SECRET": "the-secret"}
PROVIDERS = {"PROVIDERS": {"guild": OPTIONS, "google": CLIENT, "github": CLIENT}}
ONE = {"PROVIDERS": {"guild": OPTIONS}}


def arrive(stage: Stage, name: str = "social_login", **person: Any) -> None:
    """Go to the provider, log in there, and come back."""
    with FakeProvider(issuer=ISSUER, person={**HANNAH, **person}) as fake:
        stage.last = stage.client.post(f"/accounts/{name.replace('_', '-')}/guild/")
        stage.get(fake.agree(stage.last["Location"]))


def connect(user: AbstractUser, provider: str = "guild", subject: str = "hannah-1") -> Connection:
    identity = Identity(provider, ISSUER, subject, email=HANNAH["email"])
    return Connection.objects.create(
        user=user,
        provider=provider,
        issuer=ISSUER,
        subject=subject,
        key=identity.key,
        label=identity.label,
    )


@entry(SOCIAL=ONE)
def social_login(stage: Stage) -> None:
    stage.get("social_login", "guild", next="/members/")


@entry(SOCIAL=ONE)
def register_with_providers(stage: Stage) -> None:
    stage.get("register", next="/members/")


@entry(SOCIAL=ONE)
def social_callback_refused(stage: Stage) -> None:
    stage.get("social_callback", "guild", state="x", code="y")


@entry(SOCIAL=ONE)
def social_callback_denied(stage: Stage) -> None:
    with FakeProvider(issuer=ISSUER, person=HANNAH) as fake:
        stage.last = stage.client.post("/accounts/social-login/guild/")
        stage.get(fake.deny(stage.last["Location"]))


@entry(SOCIAL=ONE)
def social_callback_refused_at_home(stage: Stage) -> None:
    stage.log_in()
    stage.get("social_callback", "guild", state="x", code="y")


@entry(SOCIAL=ONE)
def complete_registration(stage: Stage) -> None:
    arrive(stage)


@entry(SOCIAL=ONE, TERMS_VERSION="2")
def complete_registration_refused(stage: Stage) -> None:
    stage.user("hannah")
    arrive(stage, email=LONG_EMAIL)
    stage.post("complete_registration", username="hannah", email="hannah@")


@entry(SOCIAL=ONE)
def complete_registration_by_invitation(stage: Stage) -> None:
    from tests.gallery.entries import invitations

    invitations.register_by_invitation(stage)
    arrive(stage)


@entry(SOCIAL=ONE)
def complete_registration_again(stage: Stage) -> None:
    connect(stage.user("hannah", "hannah@giuld.example", password=None, confirmed=False))
    arrive(stage)


@entry(SOCIAL=PROVIDERS)
def connect_account(stage: Stage) -> None:
    stage.user("maria", HANNAH["email"])
    arrive(stage)


@entry(SOCIAL=ONE)
def connect_account_refused(stage: Stage) -> None:
    connect_account(stage)
    shown = stage.last.context["form"].initial["identity"]
    wrong = {"identifier": HANNAH["email"], "password": "not this one"}
    stage.post("connect_account", identity=shown, **wrong)


@entry(SOCIAL=ONE)
def connect_account_of_choice(stage: Stage) -> None:
    arrive(stage)
    stage.get("connect_account")


@entry(SOCIAL=ONE)
def connect_account_at_home(stage: Stage) -> None:
    arrive(stage)
    arrival = dict(stage.client.session)
    stage.log_in()
    session = stage.client.session
    session.update({key: value for key, value in arrival.items() if key not in session})
    session.save()
    stage.get("connect_account")


@entry(SOCIAL=ONE)
def mail_connect_link(stage: Stage) -> None:
    connect_account(stage)
    stage.get("mail_connect_link")


@entry(SOCIAL=ONE)
def mail_connect_link_done(stage: Stage) -> None:
    connect_account(stage)
    stage.post("mail_connect_link")


@entry(SOCIAL=ONE)
def connect_by_link(stage: Stage) -> None:
    mail_connect_link_done(stage)
    stage.open_mail()


@entry(SOCIAL=PROVIDERS)
def connections(stage: Stage) -> None:
    maria = stage.log_in()
    connect(maria)
    connect(maria, "google", "g-1")
    stage.get("connections", next="/members/")


@entry(SOCIAL=ONE)
def connections_last(stage: Stage) -> None:
    maria = stage.user("maria", password=None)
    connect(maria)
    stage.client.force_login(maria)
    stage.get("connections")


@entry()
def connections_without_providers(stage: Stage) -> None:
    stage.log_in()
    stage.get("connections")


@entry(SOCIAL=ONE)
def connect_provider(stage: Stage) -> None:
    stage.log_in()
    stage.get("connect_provider", "guild")


@entry(SOCIAL=ONE)
def connect_provider_done(stage: Stage) -> None:
    stage.log_in()
    arrive(stage, "connect_provider")


@entry(SOCIAL=ONE)
def disconnect_provider(stage: Stage) -> None:
    stage.get("disconnect_provider", connect(stage.log_in()).pk)


@entry(SOCIAL=ONE)
def handed_over(stage: Stage) -> None:
    """Whoever proves an address gets the account that only claimed it."""
    UserEmail.objects.add_claim(stage.user("maria", confirmed=False), HANNAH["email"])
    arrive(stage)
