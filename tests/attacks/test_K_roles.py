"""K. Roles: guards fail closed, whoever asks and however."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db import connection
from django.http import HttpResponse
from django.template import engines
from django.utils import timezone
from django.views import View

from django_useraccounts.administration.flows import change_rights, switch_off
from django_useraccounts.decorators import allow_unconfirmed_email, roles_accepted, roles_required
from django_useraccounts.errors import LastSuperuser, UnknownRole
from django_useraccounts.leaving.flows import close_account
from django_useraccounts.mixins import RolesAcceptedMixin, RolesRequiredMixin
from django_useraccounts.models import Role, RoleGrant, UserEmail
from django_useraccounts.requirements import Requirement
from django_useraccounts.roles.flows import grant_role, revoke_role
from django_useraccounts.testing import make_user
from tests.attacks import urls
from tests.attacks.browsers import PASSWORD, VICTIM, last_mail, url

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.urls("tests.attacks.urls"),
    pytest.mark.usefixtures("_guards_of_this_test"),
]

User = get_user_model()
METHODS = ["get", "head", "options", "post", "put", "patch", "delete"]


@pytest.fixture(autouse=True)
def _nothing_done_yet():
    urls.done.clear()


def view(request):
    return HttpResponse("open")


NO_NEEDS = [
    (),
    ([],),
    ((),),
    ("secret", []),
    ([[]],),
    ([["secret"]],),
    (["secret", ["agent"]],),
    (None,),
    (True,),
    (1,),
    (b"secret",),
    ({"secret"},),
    ({"secret": 1},),
    ([None],),
    ([b"secret"],),
    ("",),
    (" ",),
    ("secret ",),
    ("Secret",),
    ("secret\n",),
    ("secret,agent",),
    ("s\u0435cret",),
    ("x" * 65,),
    (iter(["secret"]),),
    (lambda request: None,),
]


@pytest.mark.parametrize("needs", NO_NEEDS, ids=range(len(NO_NEEDS)))
def test_K1_what_cannot_be_meant_raises_where_it_is_written(needs):
    for guard in (roles_required, Requirement):
        with pytest.raises((TypeError, ValueError)):
            guard(*needs)
    with pytest.raises((TypeError, ValueError)):
        User.objects.with_roles(*needs)
    with pytest.raises((TypeError, ValueError)):
        User(username="x").has_roles(*needs)
    with pytest.raises((TypeError, ValueError)):
        type("Page", (RolesRequiredMixin, View), {"roles_required": needs})


def test_K1_a_decorator_without_its_brackets_raises():
    for decorator in (roles_required, roles_accepted):
        with pytest.raises((TypeError, ValueError)):
            decorator(view)


@pytest.mark.parametrize("names", [(), ([],), (["a", "b"],), ("",), (None,), ({"a"},), ("A",)])
def test_K1_roles_accepted_takes_names_only(names):
    with pytest.raises((TypeError, ValueError)):
        roles_accepted(*names)
    with pytest.raises((TypeError, ValueError)):
        type("Page", (RolesAcceptedMixin, View), {"roles_accepted": names})


@pytest.mark.parametrize("value", ["secret", {"secret"}, {"secret": 1}, 1, True, b"secret"])
def test_K1_a_mixin_takes_a_tuple_or_list_only(value):
    with pytest.raises((TypeError, ValueError)):
        type("Page", (RolesRequiredMixin, View), {"roles_required": value})


def test_K1_a_mixin_without_its_roles_is_no_page():
    page = type("Page", (RolesRequiredMixin, View), {})

    with pytest.raises(ImproperlyConfigured):
        page.as_view()


def test_K1_a_mixin_behind_the_view_raises():
    with pytest.raises(TypeError):
        type("Page", (View, RolesRequiredMixin), {"roles_required": ("secret",)})


@pytest.mark.parametrize(
    "changed", [{"roles_required": ("boss",)}, {"guard": None}, {"allow_unconfirmed_email": True}]
)
def test_K1_roles_that_are_given_to_as_view_are_asked_for_or_refused(rf, changed):
    class Page(RolesRequiredMixin, View):
        roles_required = ("member",)

        def get(self, request):
            return HttpResponse("open")

    try:
        page = Page.as_view(**changed)
    except (TypeError, ValueError, ImproperlyConfigured):
        return
    request = rf.get("/")
    request.user = make_user("member", roles=["member"], confirmed=False)
    if "roles_required" in changed:
        request.user = make_user("another", roles=["member"])

    assert page(request).status_code != 200


def test_K1_roles_that_are_set_on_the_class_later_are_asked_for_or_refused(rf):
    class Page(RolesRequiredMixin, View):
        roles_required = ("member",)

        def get(self, request):
            return HttpResponse("open")

    Page.roles_required = ("boss",)
    request = rf.get("/")
    request.user = make_user("member", roles=["member"])
    try:
        response = Page.as_view()(request)
    except (TypeError, ImproperlyConfigured):
        return

    assert response.status_code == 403


def test_K1_a_subclass_that_asks_for_other_roles_is_guarded_by_those(rf):
    class Page(RolesRequiredMixin, View):
        roles_required = ("member",)

        def get(self, request):
            return HttpResponse("open")

    class Stricter(Page):
        roles_required = ("boss",)

    request = rf.get("/")
    request.user = make_user("member", roles=["member"])

    assert Stricter.as_view()(request).status_code == 403
    assert Page.as_view()(request).status_code == 200


def test_K1_an_unknown_role_lets_nobody_in(rf):
    request = rf.get("/")
    request.user = make_user("boss", roles=["secret"], is_superuser=True, is_staff=True)

    assert roles_required("no-such-role")(view)(request).status_code == 403
    assert not User.objects.with_roles("no-such-role").exists()


@pytest.mark.parametrize(
    "name", ["Admin", "ADMIN", "ａdmin", "admin ", "аdmin", "", "a" * 65, "a,b"]
)
def test_K2_a_role_has_one_spelling(name):
    with pytest.raises(ValidationError):
        Role.objects.create(name=name)


def test_K2_a_role_that_came_past_the_model_is_no_other_role(rf):
    user = make_user("mallory")
    # bulk_create calls no save(); MariaDB compares without case.
    (role,) = Role.objects.bulk_create([Role(name="Secret")])
    RoleGrant.objects.create(user=user, role=role)

    assert not User.objects.get(pk=user.pk).has_roles("secret")
    # The collation of MariaDB takes the two for one; what opens pages compares in Python.
    assert connection.vendor == "mysql" or not User.objects.with_roles("secret").exists()


@pytest.mark.asvs("15.3.5")
def test_K3_a_string_is_one_role_and_not_its_letters(rf):
    request = rf.get("/")
    request.user = make_user("abel", roles=["a", "b"])

    assert roles_accepted("ab")(view)(request).status_code == 403
    assert roles_required("ab")(view)(request).status_code == 403
    assert not request.user.has_roles("ab")
    assert not User.objects.with_roles("ab").exists()


@pytest.mark.parametrize("text", ["", ",", "a,", ",a", "A", "a b"])
def test_K3_a_wrong_list_of_names_in_a_template_is_no_yes(rf, text):
    template = engines["django"].from_string(
        "{% load useraccounts %}{% if user|has_roles:names %}open{% endif %}"
    )
    user = make_user("abel", roles=["a", "b"])

    with pytest.raises(ValueError):
        template.render({"user": user, "names": text})


@pytest.mark.asvs("8.2.3", "15.3.3")
def test_K4_no_page_of_the_accounts_grants_anything(browser):
    user = make_user("mallory", VICTIM)
    role = Role.objects.create(name="secret")
    browser.log_in("mallory")
    more = {"roles": role.pk, "role": "secret", "is_staff": "1", "is_superuser": "1", "user": "1"}

    for name in ("change_password", "confirm_identity", "resend_confirmation"):
        browser.post(url(name), {**more, "old_password": PASSWORD, "email": VICTIM})
    saved = browser.post(url("edit_profile"), {**more, "first_name": "Mallory"})
    browser.log_in("mallory", **more)

    user.refresh_from_db()
    assert (saved.status_code, user.first_name) == (302, "Mallory")
    assert not user.role_names
    assert not RoleGrant.objects.exists()
    assert not user.is_staff
    assert not user.is_superuser


def test_K4_a_role_that_nobody_has_made_cannot_be_granted():
    with pytest.raises(UnknownRole):
        grant_role(make_user("mallory"), "no-such-role")


@pytest.mark.asvs("8.2.1")
@pytest.mark.parametrize("fields", [{"is_superuser": True}, {"is_staff": True}], ids=list)
def test_K5_superusers_and_staff_pass_only_with_the_role(browser, fields):
    make_user("boss", VICTIM, **fields)
    browser.log_in("boss")

    for name in urls.SECRET:
        assert browser.get(f"/{name}/").status_code == 403
    assert browser.get("/template/").content == b""
    assert not urls.done


def test_K5_what_is_missing_is_told_to_staff_only(browser, new_browser):
    make_user("boss", VICTIM, is_staff=True)
    make_user("mallory", is_superuser=True)
    browser.log_in("boss")
    stranger = new_browser()
    stranger.log_in("mallory")

    assert b"agent" in browser.get("/function/").content
    assert b"agent" not in stranger.get("/function/").content


@pytest.mark.parametrize(
    "leave",
    [
        lambda root: change_rights(root, {"is_staff": False}, by=root),
        lambda root: change_rights(root, {"is_superuser": False}, by=root),
        switch_off,
        close_account,
    ],
    ids=["is_staff", "is_superuser", "switched_off", "closed"],
)
@pytest.mark.parametrize("others", [0, 1])
def test_S14_the_last_superuser_who_gets_into_the_administration_stays_in_it(leave, others):
    root = make_user("root", is_superuser=True, is_staff=True)
    for number in range(others):
        make_user(f"robot{number}", is_superuser=True)  # and gets in nowhere

    with pytest.raises(LastSuperuser):
        leave(root)

    root.refresh_from_db()
    assert root.is_staff and root.is_superuser and root.is_active and not root.is_closed


def test_S14_who_leaves_another_superuser_behind_may_go():
    root, _second = (make_user(name, is_superuser=True, is_staff=True) for name in ("one", "two"))

    change_rights(root, {"is_staff": False}, by=root)

    root.refresh_from_db()
    assert not root.is_staff


@pytest.mark.parametrize("name", urls.SECRET)
def test_K7_who_was_switched_off_or_has_not_confirmed_is_refused_with_the_role(
    browser, new_browser, name
):
    for username, confirmed in (("off", True), ("waiting", False)):
        user = make_user(username, roles=["secret", "agent"], confirmed=confirmed)
        each = new_browser()
        each.force_login(user)
        if username == "off":
            assert each.get(f"/{name}/").status_code == 200
            User.objects.filter(pk=user.pk).update(is_active=False)
            urls.done.clear()
        response = each.get(f"/{name}/")
        assert response.status_code == 302
        assert not urls.done
    assert not User.objects.with_roles("secret").filter(username="off").exists()


@pytest.mark.asvs("8.3.1")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", urls.SECRET)
def test_K9_every_method_is_guarded(browser, new_browser, name, method):
    make_user("mallory", VICTIM, roles=["secret"])
    browser.log_in("mallory")
    override = {"headers": {"x-http-method-override": "GET"}, "QUERY_STRING": "_method=GET"}

    for each in (browser, new_browser()):
        for extra in ({}, override):
            assert getattr(each, method)(f"/{name}/", **extra).status_code in {302, 403}
    assert not urls.done


# Seams


@pytest.mark.parametrize("name", urls.SECRET)
@pytest.mark.parametrize(
    "accept, status",
    [
        ("application/json", 401),
        ("text/html", 302),
        ("*/*", 302),
        ("application/json, text/html", None),
        ("text/html;q=0.1, application/json", 401),
        ("", 302),
        (";;,/,*/;q=x", 302),
        ("application/json;q=nan", None),
        ("text/html;q=-1, application/json;q=1e999", None),
        (", ,;q=0.5", 302),
        ("a" * 20_000, 302),
        ("image/png", 302),
    ],
)
def test_no_accept_header_opens_a_guard(browser, name, accept, status):
    response = browser.get(f"/{name}/", headers={"accept": accept})

    assert response.status_code == status or status is None
    assert response.status_code in {302, 401}
    assert not urls.done


@pytest.mark.asvs("16.5.1")
@pytest.mark.parametrize("name", [*urls.SECRET, "recent", "recent-mixin"])
def test_N10_a_program_that_is_refused_reads_one_word_and_nothing_of_the_inside(
    browser, new_browser, name
):
    make_user("mallory", VICTIM, is_staff=True, is_superuser=True)
    make_user("waiting", confirmed=False)
    visitors = [browser, new_browser(), new_browser()]
    # One by a session in which nobody has given a password, and so not lately either.
    for visitor, user in zip(visitors, User.objects.order_by("pk"), strict=False):
        visitor.force_login(user)
        session = visitor.session
        session["useraccounts_proved_at"] = 1
        session.save()

    for visitor in visitors:
        answer = visitor.get(f"/{name}/", headers={"accept": "application/json"})
        assert answer.status_code in {401, 403}
        assert answer["Content-Type"] == "application/json"
        assert re.fullmatch(r'\{"error": "[a-z_]+"\}', answer.content.decode())
        words = answer.content.decode() + str(answer.headers)
        assert not any(role in words for role in ("secret", "sauce", "agent"))
    assert not urls.done


def test_a_role_counts_from_its_start_to_its_end_and_no_moment_longer(browser):
    user = make_user("agent", VICTIM, roles=["secret"])
    Role.objects.create(name="agent")
    browser.log_in("agent")
    now = timezone.now()
    grant = grant_role(user, "agent", since=now + timedelta(hours=1))

    assert browser.get("/function/").status_code == 403
    RoleGrant.objects.filter(pk=grant.pk).update(starts_at=now - timedelta(hours=2))
    assert browser.get("/function/").status_code == 200
    RoleGrant.objects.filter(pk=grant.pk).update(ends_at=now, counts_until=now)
    assert browser.get("/function/").status_code == 403


@pytest.mark.asvs("8.3.2")
def test_a_revoked_role_is_gone_at_the_next_request_even_if_it_was_granted_twice(browser):
    user = make_user("agent", VICTIM, roles=["secret", "agent", "agent"])
    grant_role(user, "agent", since=timezone.now() + timedelta(seconds=1))
    browser.log_in("agent")
    assert browser.get("/function/").status_code == 200

    revoke_role(user, "agent")

    assert browser.get("/function/").status_code == 403
    assert not RoleGrant.objects.filter(role__name="agent", ends_at=None).exists()


def test_roles_of_one_user_are_not_those_of_the_next_in_the_same_process(new_browser):
    make_user("agent", roles=["secret", "agent"])
    make_user("mallory")
    one, two = new_browser(), new_browser()
    one.log_in("agent")
    two.log_in("mallory")

    for _ in range(3):
        assert one.get("/function/").status_code == 200
        assert two.get("/function/").status_code == 403


def test_a_page_for_the_recently_proved_is_closed_to_an_old_session(browser):
    make_user("agent", VICTIM)
    browser.log_in("agent")
    for stamp in (0, 10**12, -1):
        session = browser.session
        session["useraccounts_proved_at"] = stamp
        session.save()
        assert browser.get("/recent/").url.startswith(url("confirm_identity"))
        assert browser.post("/recent-mixin/").url.startswith(url("confirm_identity"))
    session = browser.session
    del session["useraccounts_proved_at"]
    session.save()
    assert browser.get("/recent/").status_code == 302

    browser.post(url("confirm_identity"), {"old_password": PASSWORD})
    assert browser.get("/recent/").status_code == 200


def test_a_guard_inside_a_page_for_the_unconfirmed_still_asks_for_its_role(rf):
    user = make_user("mallory", confirmed=False)
    inner = roles_required("secret")(view)
    request = rf.get("/")
    request.user = user
    assert allow_unconfirmed_email(inner)(request).status_code == 403


def test_the_way_to_the_login_cannot_lead_to_another_host(browser):
    response = browser.get("/function/?next=//evil.com")
    assert response.url.startswith(url("login") + "?next=/function/")

    make_user("agent", VICTIM, roles=["secret", "agent"])
    response = browser.post(
        response.url, {"identifier": "agent", "password": PASSWORD}, follow=False
    )
    assert response.url == "/function/?next=//evil.com"


def test_an_unconfirmed_user_of_a_page_is_sent_to_confirm_and_comes_back(browser, set_conf):
    set_conf(CONFIRM_EMAIL_BEFORE_LOGIN=False)
    make_user("agent", VICTIM, confirmed=False, roles=["secret", "agent"])
    browser.log_in("agent")

    response = browser.get("/function/")
    address = UserEmail.objects.get()
    assert response.url == url("emails") + "?next=/function/"
    browser.post(url("send_confirmation", address.pk), {"next": "/function/"})
    response = browser.confirm(last_mail())

    assert response.url == "/function/"
    assert browser.get(response.url).status_code == 200
