"""
Every page and list there is, each named, so that what it asks the database can be looked at.

They are opened by people who have all that pages show; whatever they write is taken back.
"""

from collections.abc import Callable, Iterator
from typing import Any

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.test import Client, RequestFactory
from django.urls import reverse

from django_useraccounts.invitations.models import Invitation
from django_useraccounts.mail import deliver, deliver_due
from django_useraccounts.memberships.models import Membership
from django_useraccounts.models import OutgoingMail, RoleGrant, UserEmail
from django_useraccounts.secrets import CONFIRM_EMAIL, RESET_PASSWORD, issue, link_of
from django_useraccounts.sessions.models import LoginSession
from django_useraccounts.social.models import Connection
from django_useraccounts.testing import PASSWORD, make_user
from django_useraccounts.undeliverable import report_delivered, report_undeliverable
from tests.fuzz.requests import LINK, pages

from .plans import Watch

Act = Callable[[], Any]
#: What a page may answer to who opens it: shown, led elsewhere, not for them, or only for forms.
ANSWERS = {200, 302, 303, 400, 403, 404, 405, 410}
#: Pages whose form asks Stripe or a provider.
OUTSIDE = {"customer_portal", "start_checkout", "social_login", "connect_provider"}


def walk(watch: Watch) -> None:
    """Do each thing once, and take it back."""
    with transaction.atomic():
        for acts in (_links, _strangers, _own_pages, _guards, _admin, _mails):
            for name, act in acts():
                with transaction.atomic():
                    # A list may be asked about what is rare, and about what nearly all are.
                    with watch.act(name, connection, anew=acts is _admin):
                        act()
                    transaction.set_rollback(True)
        # What the acts needed goes with them.
        transaction.set_rollback(True)


def _get(client: Client, path: str, data: Any = None) -> Act:
    def act() -> None:
        answer = client.get(path, data)
        assert answer.status_code in ANSWERS, (path, data, answer.status_code)

    return act


def _post(client: Client, path: str, data: Any) -> Act:
    def act() -> None:
        answer = client.post(path, data)
        assert answer.status_code in ANSWERS, (path, data, answer.status_code)

    return act


def _url(name: str, *args: object) -> str:
    return reverse(f"useraccounts:{name}", args=args)


# Strangers, and who comes by a link


def _strangers() -> Iterator[tuple[str, Act]]:
    user = _in_the_middle(get_user_model().objects.filter(is_active=True, erase_at=None))
    claim = _in_the_middle(UserEmail.objects.claims())
    for name in ("login", "register", "forgot_password", "resend_confirmation", "mail_sent"):
        yield f"{name} page", _get(Client(), _url(name))
    known = {"known": user.email, "claimed": claim.email, "unknown": "nobody@example.com"}
    for word, typed in {**known, "username": user.username, "no username": "nobody"}.items():
        for password in (PASSWORD, "wrong"):
            data = {"identifier": typed, "password": password}
            yield f"login, {word}, {password}", _post(Client(), _url("login"), data)
    for word, email in known.items():
        data = {"username": "newcomer", "email": email, "password": PASSWORD}
        yield f"register, {word}", _post(Client(), _url("register"), data)
        for name in ("forgot_password", "resend_confirmation"):
            yield f"{name}, {word}", _post(Client(), _url(name), {"email": email})
    data = {"username": user.username, "email": "newcomer@example.com", "password": PASSWORD}
    yield "register, taken", _post(Client(), _url("register"), data)


def _links() -> Iterator[tuple[str, Act]]:
    claim = _in_the_middle(UserEmail.objects.claims().filter(user__last_login=None))
    proved = _in_the_middle(UserEmail.objects.confirmed().filter(user__is_active=True))
    invitation = _in_the_middle(Invitation.objects.waiting())
    confirm, reset = issue(CONFIRM_EMAIL, address=claim), issue(RESET_PASSWORD, address=proved)
    for secret, typed in (
        (confirm, {"answer": "confirm"}),
        (reset, {"new_password": "a wholly different sentence"}),
        (invitation.link, {}),
    ):
        client, path = Client(), _url(secret.purpose, link_of(secret))
        yield f"{secret.purpose}, GET", _get(client, path)
        page = client.get(path)["Location"]
        yield f"{secret.purpose}, page", _get(client, page)
        yield f"{secret.purpose}, POST", _post(client, page, typed)


# People on their own pages, and behind guards


def _own_pages() -> Iterator[tuple[str, Act]]:
    rows = {
        "address_id": UserEmail.objects.claims().filter(user__last_login__isnull=False),
        "invitation_id": Invitation.objects.all(),
        "connection_id": Connection.objects.all(),
        "session_id": LoginSession.objects.filter(ended_at=None),
        "membership": Membership.objects.all(),
    }
    for what, all_of in rows.items():
        row = _in_the_middle(all_of)
        user = row.invited_by if what == "invitation_id" else row.user
        for name, path in pages().items():
            if LINK not in path:
                # A number stands for the key of a row in all paths that have one.
                own = path.replace("/1/", f"/{row.pk}/")
                yield f"{name} with {what}", _logged_in(user, own, sends=name not in OUTSIDE)
    yield "history, older", _logged_in(user, f"{_url('history')}?before=999999999")


def _logged_in(user: Any, path: str, *, sends: bool = True) -> Act:
    def act() -> None:
        client = Client()
        client.force_login(user)
        _get(client, path)()
        # Once more, as anybody does who was here before.
        _get(client, path)()
        if sends:
            _post(client, path, {})()

    return act


def _guards() -> Iterator[tuple[str, Act]]:
    user = _in_the_middle(RoleGrant.objects.in_force().filter(role__name="artist")).user
    for path in ("login-required", "ours-roles", "ours-20-guards", "permission"):
        yield path, _logged_in(user, f"/{path}/")
    people = get_user_model().objects
    yield "with_roles, in order", lambda: list(people.with_roles("secret").order_by("pk")[:25])
    yield "with_roles", lambda: list(people.with_roles("secret")[:25])
    yield "with_roles of many", lambda: list(people.with_roles("member").order_by("pk")[:25])
    yield "without_role", lambda: list(people.without_role("secret").order_by("pk")[:25])
    yield "called", lambda: people.called(user.email).first()
    yield "has_perm", lambda: user.has_perm("useraccounts.view_user")


# The administration


def _admin() -> Iterator[tuple[str, Act]]:
    boss, client = make_user("the-boss", is_staff=True, is_superuser=True), Client()
    client.force_login(boss)
    yield "admin", _get(client, reverse("admin:index"))
    for model, registered in admin.site._registry.items():
        label = model._meta.label_lower
        if not label.startswith("useraccounts"):
            continue
        for name, path, data in _admin_pages(model, registered, boss):
            yield f"admin, {label}, {name}", _get(client, path, data)
    field = {"app_label": "useraccounts_memberships", "model_name": "membership"}
    asked = {**field, "field_name": "user", "term": "maria0000"}
    yield "admin, autocomplete", _get(client, reverse("admin:autocomplete"), asked)
    user = _in_the_middle(get_user_model().objects.filter(is_active=True))
    path = reverse("admin:useraccounts_user_changelist")
    for action in ("grant_role", "switch_off", "send_password_links", "end_sessions", "close"):
        data = {"action": action, "_selected_action": [user.pk]}
        yield f"admin, {action}", _post(client, path, data)


def _admin_pages(model: Any, registered: Any, boss: Any) -> Iterator[tuple[str, str, Any]]:
    base = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    changelist = reverse(f"{base}_changelist")
    yield "list", changelist, {}
    yield "second page", changelist, {"p": 2}
    request = RequestFactory().get("/")
    request.user = boss
    for term in (
        ("maria0000", "maria.00", "maria.00000400@example.com", "nobody")
        if (registered.search_fields)
        else ()
    ):
        yield f"search for {term}", changelist, {"q": term}
    shown = registered.get_changelist_instance(request)
    for number, name in enumerate(shown.list_display):
        if number and name in shown.sortable_by:
            yield f"sorted by {name}", changelist, {"o": number}
            yield f"sorted by {name}, backwards", changelist, {"o": -number}
    for spec in shown.filter_specs:
        for choice in spec.choices(shown):
            yield f"{spec.title}: {choice['display']}", changelist + choice["query_string"], {}
    row = _in_the_middle(model._default_manager.all())
    if row:
        yield "one", reverse(f"{base}_change", args=[row.pk]), {}
        yield "history of one", reverse(f"{base}_history", args=[row.pk]), {}
    yield "add", reverse(f"{base}_add"), {}


# What goes on beside the pages


def _mails() -> Iterator[tuple[str, Act]]:
    mail = _in_the_middle(OutgoingMail.objects.filter(due_at__isnull=False))

    def in_time() -> None:
        OutgoingMail.objects.filter(pk=mail.pk).update(due_at="2000-01-01T00:00Z")
        deliver(mail.pk)

    yield "a mail", in_time
    yield "mails that are due", lambda: deliver_due(limit=10)
    proved = _in_the_middle(UserEmail.objects.confirmed())
    for state in ("bounced", "failing"):
        yield (
            f"an address {state}",
            lambda state=state: report_undeliverable(proved.email, state=state),
        )
    yield "an address that took mail", lambda: report_delivered(proved.email)


def _in_the_middle(rows: Any) -> Any:
    """Return a row that is neither the first nor the last, without counting them."""
    some = list(rows.order_by("pk")[:200])
    return some[len(some) // 2] if some else None
