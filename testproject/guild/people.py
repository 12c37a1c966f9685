"""Who is in the guild on the first day: made by the command ``demo``, once."""

from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Prefetch, Q, QuerySet
from django.test import RequestFactory
from django.utils import timezone

from django_useraccounts.canonical import clean_email, email_key, username_key
from django_useraccounts.invitations.flows import accept_invitation, withdraw_invitation
from django_useraccounts.invitations.models import Invitation
from django_useraccounts.leaving.flows import request_export
from django_useraccounts.memberships.flows import record_payment
from django_useraccounts.memberships.flows.plans import note_plan
from django_useraccounts.memberships.models import Membership, Plan
from django_useraccounts.models import (
    AbstractUser,
    AccountEvent,
    OneTimeSecret,
    OutgoingMail,
    Role,
    RoleGrant,
    UserEmail,
)
from django_useraccounts.roles.flows import grant_role, sync_roles
from django_useraccounts.sessions.models import LoginSession
from django_useraccounts.undeliverable import report_undeliverable

#: Everybody's password, on the page for everybody to see: this is a demo.
PASSWORD = "paint-the-town-red"

#: What is for sale: all of it gives the role of a member.
PLANS = (
    ("supper-club", "The supper club", "A chair, soup and the orchestra.", "€ 5 a month"),
    ("patron", "Patron of the guild", "The same chair, and our lasting love.", "€ 50 a month"),
)


@dataclass(frozen=True)
class Person:
    """Somebody to borrow the name of."""

    username: str
    about: str
    roles: tuple[str, ...] = ()
    #: Roles whose time is over.
    former_roles: tuple[str, ...] = ()
    #: Roles that end in five days.
    ending_roles: tuple[str, ...] = ()
    #: Addresses besides, and whether each is confirmed.
    other_emails: tuple[tuple[str, bool], ...] = ()
    #: What was reported about the address: ``bounced``, ``complained`` or "".
    trouble: str = ""
    #: Has closed the account, which a login opens again for some days.
    is_closed: bool = False
    #: Has asked for the data of the account, and has a mail with the link.
    asks_for_data: bool = False
    #: Which rules of the house were accepted; GUILD_TERMS says which are in force.
    terms_version: str = ""
    #: Pays for the role of a member, by bank.
    pays: bool = False
    #: In how many other browsers a session goes on.
    sessions: int = 0
    #: May log in to the administration, and do there what the roles carry.
    is_staff: bool = False
    #: May do everything in the administration, which opens no door.
    is_superuser: bool = False

    @property
    def email(self) -> str:
        return f"{self.username}@guild.example"


PEOPLE = (
    Person("user007", "is sworn to secrecy, and an agent", ("secret", "agent")),
    Person("heinz", "is sworn to secrecy, because of the sauce", ("secret", "sauce")),
    Person("moneypenny", "keeps secrets, and stays at her desk", ("secret",)),
    Person("frida", "paints, and has had no supper", ("starving", "artist"), sessions=2),
    Person("ada", "writes programs, forgets to eat; witty", ("starving", "programmer", "witty")),
    Person("vincent", "is hungry, and still looking for a trade", ("starving",)),
    Person("pablo", "paints, has paid his fee, and dines well", ("artist", "member")),
    Person("groucho", "is logged in all over town; funny", ("funny",), sessions=3),
    Person("lucille", "is hilarious, and a paying member", ("hilarious", "member")),
    Person("salvador", "paints; his fee ran out a month ago", ("artist",), ("member",)),
    Person(
        "georgia",
        "has more addresses than rooms, no role, and a long security history",
        other_emails=(
            ("georgia@desert.example", True),
            ("okeeffe@guild.example", False),
        ),
    ),
    Person("vivian", "has moved, and mail to her comes back", trouble="bounced"),
    Person("gertrude", "keeps a salon, and has invited people to it", ("host",)),
    Person("marcel", "has closed his account, which a login opens again", is_closed=True),
    Person("agnes", "has asked for her data: see the mailbox", asks_for_data=True),
    Person("olympe", "has accepted the rules of the house, version 1", terms_version="1"),
    Person("peggy", "collects pictures, and pays her fee by bank", ("member",), pays=True),
    Person("wassily", "paints; his studio is his for five more days", ending_roles=("artist",)),
    Person("edith", "is at the desk, and gives memberships at /admin/", ("desk",), is_staff=True),
    Person("nova", "is new here, and has no role at all"),
    Person("caretaker", "keeps the books at /admin/, with no key to any door", is_superuser=True),
)


def everybody() -> QuerySet[AbstractUser]:
    """Return the members, each with ``grants``: the roles in force, in one query for all."""
    users = get_user_model().objects.filter(is_active=True, erase_at=None).order_by("username")
    in_force = RoleGrant.objects.in_force().select_related("role").order_by("role__name")
    return users.prefetch_related(Prefetch("role_grants", in_force, to_attr="grants"))


def seed() -> None:
    """Make what roles and people are missing; the people stay as visitors left them."""
    sync_roles()
    for name, label, description, price in PLANS:
        given = {"label": label, "description": description, "price": price}
        role = Role.objects.get(name="member")
        given |= {"role": role, "price_id": f"price_{name.replace('-', '_')}"}
        plan, is_new = Plan.objects.get_or_create(name=name, defaults=given)
        if is_new:
            note_plan("plan_made", plan)
    users = get_user_model().objects
    for person in PEOPLE:
        # By either: who has taken another username since is still who they are.
        name = Q(username_key=username_key(person.username))
        address = Q(emails__verified_key=email_key(person.email))
        if not users.filter(name | address).exists():
            admit(person)
    invite_guests()
    remember()
    log_in_elsewhere()


#: Whom gertrude has invited, as what, and what has become of it; "" is a link of hers for ten.
INVITED = (
    ("alice@guild.example", "artist", "waiting"),
    ("ezra@guild.example", "programmer", "expired"),
    ("ernest@guild.example", "funny", "withdrawn"),
    ("nova@guild.example", "", "accepted"),
    ("", "", "accepted"),
)


@transaction.atomic
def invite_guests() -> None:
    """Write down the invitations of gertrude, without mail: the site that sends it comes later."""
    keys = [email_key(f"{name}@guild.example") for name in ("gertrude", "nova")]
    users = get_user_model().objects
    host, nova = (users.filter(emails__verified_key=key).first() for key in keys)
    if host is None or nova is None or Invitation.objects.filter(invited_by=host).exists():
        return
    for email, role, state in INVITED:
        invitation = Invitation.objects.add(
            clean_email(email) if email else None,
            by=host,
            roles=Role.objects.filter(name=role),
            note="Saturdays, after supper. Bring what you are working on.",
            uses=1 if email else 10,
        )
        if state == "accepted":
            accept_invitation(invitation, user=nova)
        elif state == "withdrawn":
            withdraw_invitation(invitation)
        elif state == "expired":
            expire(invitation)


def expire(invitation: Invitation) -> None:
    """Let the time of an invitation be over, and that of its link."""
    yesterday = timezone.now().replace(microsecond=0) - timedelta(days=1)
    Invitation.objects.filter(pk=invitation.pk).update(expires_at=yesterday)
    OneTimeSecret.objects.filter(pk=invitation.link_id).update(expires_at=yesterday)


_IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1"
)
_MAC = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/17.4 Safari/605.1.15"
)
_WINDOWS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0"
)
#: Where some are logged in already: hours since the login, hours since then, address, browser.
ELSEWHERE = (
    (400, 30, "198.51.100.23", _IPHONE),
    (50, 2, "2001:db8::a4", _MAC),
    (3, 1, "192.0.2.146", _WINDOWS),
)


@transaction.atomic
def log_in_elsewhere() -> None:
    """Let some have sessions in other browsers, two or three of them."""
    now = timezone.now()
    names = [person.username for person in PEOPLE if person.sessions]
    known = LoginSession.objects.values("user")
    for user in get_user_model().objects.filter(username__in=names).exclude(pk__in=known):
        number = next(person.sessions for person in PEOPLE if person.username == user.username)
        for began, used, address, agent in ELSEWHERE[:number]:
            LoginSession.objects.create(
                user=user,
                epoch=user.session_epoch,
                user_agent=agent,
                client_address=address,
                started_at=now - timedelta(hours=began),
                seen_at=now - timedelta(hours=used),
            )


@transaction.atomic
def admit(person: Person) -> None:
    """Make the user of a person, with a confirmed address and the roles."""
    users = get_user_model().objects
    make = users.create_superuser if person.is_superuser else users.create_user
    fields = {"is_staff": True} if person.is_staff else {}
    user = make(
        person.username, person.email, PASSWORD, terms_version=person.terms_version, **fields
    )
    if person.is_closed:
        # Not by its flow, which writes a mail: where the site is, only a request knows in the demo.
        erase_at = timezone.now() + timedelta(days=12)
        users.filter(pk=user.pk).update(erase_at=erase_at)
        AccountEvent.objects.record("account_closed", user=user, actor=user)
    for role in person.roles:
        if not person.pays:
            grant_role(user, role, source="demo")
    if person.pays:
        pay_fee(user)
    for email, confirmed in person.other_emails:
        add = UserEmail.objects.add_proved if confirmed else UserEmail.objects.add_claim
        add(user, email)
    if person.trouble:
        reason = "550 5.1.1 The mailbox is gone"
        report_undeliverable(person.email, state=person.trouble, reason=reason)
        OutgoingMail.objects.create(
            kind="password_changed",
            to=person.email,
            user=user,
            base_url="http://127.0.0.1:8000/",
            site_name="The Artists' Guild",
            due_at=None,
            attempts=1,
            error=reason,
        )
    month_ago = timezone.now() - timedelta(days=30)
    for role in person.former_roles:
        since = month_ago - timedelta(days=365)
        grant_role(user, role, since=since, until=month_ago, source="demo")
    for role in person.ending_roles:
        in_five_days = timezone.now() + timedelta(days=5)
        grant_role(user, role, since=month_ago, until=in_five_days, source="demo")


#: What an account remembers: how many days ago, from where, by whom, and what.
PAST: tuple[tuple[int, str | None, str, str, dict[str, object]], ...] = (
    (400, "198.51.100.4", "self", "registered", {}),
    (400, "198.51.100.4", "self", "email_confirmed", {}),
    *((380 - 9 * n, "198.51.100.4", "self", "logged_in", {}) for n in range(30)),
    (31, "203.0.113.66", "", "login_failed", {"reason": "wrong_password"}),
    (31, "203.0.113.66", "", "login_failed", {"reason": "wrong_password"}),
    (31, "203.0.113.66", "", "password_link_requested", {}),
    (30, "198.51.100.4", "self", "password_changed", {}),
    (30, None, "caretaker", "sessions_ended", {}),
    (2, "2001:db8:85a3::8a2e:370:7334", "self", "logged_in", {"source": "guild"}),
)


def remember() -> None:
    """Write the history of georgia, once, so that its page has something to tell."""
    users = get_user_model().objects
    keys = [email_key(f"{name}@guild.example") for name in ("georgia", "caretaker")]
    georgia, caretaker = (users.filter(emails__verified_key=key).first() for key in keys)
    if georgia is None or AccountEvent.objects.filter(user=georgia, kind="registered").exists():
        return
    actors = {"self": georgia, "caretaker": caretaker}
    AccountEvent.objects.bulk_create(
        AccountEvent(
            kind=kind,
            user=georgia,
            actor=actors.get(who),
            at=timezone.now() - timedelta(days=days),
            client_address=address,
            via="admin:useraccounts_user_changelist" if who == "caretaker" else "",
            details={**details, "address": georgia.email} if "email" in kind else details,
        )
        for days, address, who, kind, details in PAST
    )


def pay_fee(user: AbstractUser) -> None:
    """Record what came by bank; without mail, since only a request knows where the demo is."""
    now = timezone.now().replace(microsecond=0)
    plan, since = Plan.objects.get(name="patron"), now - timedelta(days=40)
    Membership.objects.create(
        user=user, plan=plan, is_open=True, state=Membership.State.RUNNING, started_at=since
    )
    until = since + timedelta(days=365)
    record_payment(user, plan, until, since=since, reference="Transfer 1898")


def ask_for_data(host: str) -> None:
    """Have those ask for their data who want them, once, now that it is known where the site is."""
    request = RequestFactory().get("/", headers={"host": host})
    names = [person.username for person in PEOPLE if person.asks_for_data]
    asked = AccountEvent.objects.filter(kind="export_requested").values("user")
    for user in get_user_model().objects.filter(username__in=names).exclude(pk__in=asked):
        request_export(user, request=request)
