"""What roles with time, guards and the administration of both have let through."""

import io
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.auth.models import AnonymousUser
from django.core import mail
from django.core.management import CommandError, call_command
from django.db.models.signals import post_init, post_save, pre_save
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import timezone
from django.views import View
from django.views.decorators.cache import cache_page

from django_useraccounts.decorators import roles_required
from django_useraccounts.errors import InvalidRole, UnknownRole
from django_useraccounts.leaving.flows import close_account
from django_useraccounts.mail import deliver_due
from django_useraccounts.mixins import RolesRequiredMixin
from django_useraccounts.models import OutgoingMail, Role, RoleGrant, User
from django_useraccounts.requirements import Requirement
from django_useraccounts.roles.flows import (
    extend_grant,
    grant_role,
    remind_of_ends,
    rename_role,
    revoke_role,
)
from django_useraccounts.spreadsheets import harmless
from django_useraccounts.testing import log_in, make_user
from tests.admin.pages import Form, page, save_row

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def member(db):
    return Role.objects.create(name="member", label="Member")


@pytest.fixture
def maria(member):
    return make_user("maria")


def in_days(days):
    return timezone.now() + days * DAY


# A question that is written down once, and asked for months


@pytest.mark.parametrize(
    "question",
    [
        lambda: User.objects.with_roles("member"),
        lambda: User.objects.filter(Requirement("member").to_q()),
        RoleGrant.objects.in_force,
        RoleGrant.objects.lasting,
        lambda: RoleGrant.objects.ending_within(7),
    ],
    ids=["with_roles", "to_q", "in_force", "lasting", "ending_within"],
)
def test_a_queryset_of_a_class_asks_for_the_moment_of_each_request(maria, question):
    # As ``queryset = User.objects.with_roles("member")`` of a ListView, made at import.
    rows = question()
    grant_role(maria, "member", until=in_days(3))
    assert rows.all().exists()

    revoke_role(maria, "member")

    assert not rows.all().exists()


# Decorators between guards


@pytest.mark.usefixtures("_guards_of_this_test")
def test_a_decorator_that_copies_what_is_written_on_a_guard_is_not_left_out():
    asked = []

    def with_second_factor(view):
        def inner(request):
            asked.append(request.path)
            return view(request)

        vars(inner).update(vars(view))
        return inner

    @roles_required("member")
    @with_second_factor
    @roles_required("member")
    def page(request):
        return HttpResponse()

    request = RequestFactory().get("/vault/")
    request.user = make_user("frida", roles=["member"])

    assert page(request).status_code == 200
    assert asked == ["/vault/"]


# Names


@pytest.mark.parametrize("name", ["MEMBER", "member ", "mémber"])
def test_no_database_takes_another_spelling_for_the_role(maria, name):
    with pytest.raises(UnknownRole):
        grant_role(maria, name)


@pytest.mark.parametrize("name", ["patron", "patr0n"])
def test_a_name_that_another_process_takes_at_this_moment_is_a_sentence(member, name):
    def be_faster(sender, **kwargs):
        Role.objects.bulk_create([Role(name=name, look="patron")], ignore_conflicts=True)

    pre_save.connect(be_faster, sender=Role)
    try:
        with pytest.raises(InvalidRole):
            rename_role(member, "patron")
    finally:
        pre_save.disconnect(be_faster, sender=Role)

    assert member.name == "member"
    assert Role.objects.get(pk=member.pk).name == "member"


# Reminders that come late


def after_first_mail(act):
    """Do something once the first mail is written: between the choice of grants and the second."""

    def receiver(sender, **kwargs):
        post_save.disconnect(receiver, sender=OutgoingMail)
        act()

    post_save.connect(receiver, sender=OutgoingMail, weak=False)


@pytest.mark.parametrize(
    "meanwhile",
    [
        lambda user, grant: extend_grant(grant, until=in_days(365)),
        lambda user, grant: grant_role(user, "member", until=in_days(365)),
        lambda user, grant: close_account(user),
        lambda user, grant: revoke_role(user, "member"),
    ],
    ids=["extended", "granted anew", "closed", "revoked"],
)
def test_nobody_is_reminded_of_what_has_changed_since_the_grants_were_chosen(maria, meanwhile):
    grant_role(make_user("first"), "member", until=in_days(3))
    grant = grant_role(maria, "member", until=in_days(3))
    after_first_mail(lambda: meanwhile(maria, grant))

    assert remind_of_ends() == 1

    assert not OutgoingMail.objects.filter(kind="role_ending", user=maria).exists()
    assert not RoleGrant.objects.filter(user=maria).exclude(reminded_at=None).exists()


@pytest.mark.parametrize(
    "meanwhile",
    [
        lambda user, grant: extend_grant(grant, until=in_days(365)),
        lambda user, grant: extend_grant(grant, until=None),
        lambda user, grant: revoke_role(user, "member"),
    ],
    ids=["extended", "for good", "revoked"],
)
def test_a_reminder_that_waits_in_the_outbox_is_not_sent_when_it_is_no_longer_true(
    maria, meanwhile
):
    grant = grant_role(maria, "member", until=in_days(3))
    remind_of_ends()

    meanwhile(maria, grant)
    deliver_due(limit=9)

    assert mail.outbox == []
    assert OutgoingMail.objects.get().error == "The role of this mail does not end as it tells."


def test_a_site_without_addresses_reminds_nobody(maria, set_conf):
    grant_role(maria, "member", until=in_days(3))
    set_conf(EMAIL="off")

    assert remind_of_ends() == 0


def test_a_number_of_days_beyond_all_calendars_is_told():
    with pytest.raises(CommandError, match="--days"):
        call_command("useraccounts_remind", "--days", "9999999", stdout=io.StringIO())


# What is promised stays


@pytest.mark.parametrize("until", [-1, 1], ids=["in the past", "to come"])
def test_to_extend_a_grant_takes_nothing_away(maria, until):
    began, ended = in_days(-9), in_days(-2)
    grant = grant_role(maria, "member", since=began, until=ended, grace=9 * DAY)

    extended = extend_grant(grant, until=in_days(until), grace=timedelta())

    assert extended.counts_until == grant.counts_until
    assert maria.has_roles("member")


# The administration


def test_to_save_the_page_of_a_role_reads_no_more_grants_than_it_shows(client, member):
    log_in(client, make_user("boss", is_staff=True, is_superuser=True))
    for number in range(51):
        grant_role(make_user(f"user{number}"), member)
    read = set()

    def note(sender, instance, **kwargs):
        read.add(instance.pk)

    post_init.connect(note, sender=RoleGrant)
    try:
        response = save_row(client, member, "role", label="Changed")
    finally:
        post_init.disconnect(note, sender=RoleGrant)

    assert response.redirect_chain
    assert len(read - {None}) == 50


@pytest.mark.parametrize("is_ticked", [False, True], ids=["left alone", "to be revoked"])
def test_a_role_that_ends_while_its_page_is_open_does_not_break_it(client, member, is_ticked):
    log_in(client, make_user("boss", is_staff=True, is_superuser=True))
    grant_role(make_user("frida"), member)
    path = page("change", member.pk, model="role")
    form = Form(client.get(path).content.decode()).data

    revoke_role(User.objects.get(username="frida"), member)
    ticked = {"grants-0-DELETE": "on"} if is_ticked else {}
    client.post(path, {**form, **ticked, "label": "Changed"})

    assert Role.objects.get().label == "Changed"
    assert not RoleGrant.objects.in_force().exists()


@pytest.mark.parametrize("key", ["", "x", "-1", "9" * 30])
def test_a_key_that_cannot_be_is_no_grant_of_the_page(client, member, key):
    log_in(client, make_user("boss", is_staff=True, is_superuser=True))
    grant_role(make_user("frida"), member)

    response = save_row(client, member, "role", label="Changed", grants__0__id=key)

    assert response.status_code == 200
    assert RoleGrant.objects.in_force().count() == 1


@pytest.mark.parametrize(
    "text, told",
    [
        # A spreadsheet that splits at semicolons, as in Germany and France, begins a cell there.
        ("x;=HYPERLINK(A1);y", "x;'=HYPERLINK(A1);y"),
        ("x; =1+1", "x; '=1+1"),
        ('x;"=1+1', "x;\"'=1+1"),
        ("x\t@SUM(A1)", "x\t'@SUM(A1)"),
        ("x\n-1", "x\n'-1"),
        (" =1+1", " '=1+1"),
        ("a=b+c-d@e", "a=b+c-d@e"),
        ("2026-01-01T10:00:00+00:00", "2026-01-01T10:00:00+00:00"),
        (None, ""),
    ],
)
def test_O6_no_separator_begins_a_formula_in_the_middle_of_a_cell(text, told):
    assert harmless(text) == told


# Caches before a guard


def guarded_views():
    @roles_required("member")
    def plain(request):
        return HttpResponse("For members")

    @roles_required("member")
    async def prompt(request):
        return HttpResponse("For members")

    class Shelf(RolesRequiredMixin, View):
        roles_required = ("member",)

        def get(self, request):
            return HttpResponse("For members", headers={"Cache-Control": "max-age=60"})

    return {"plain": plain, "async": async_to_sync(prompt), "class": Shelf.as_view()}


@pytest.mark.usefixtures("_guards_of_this_test")
@pytest.mark.parametrize("kind", ["plain", "async", "class"])
def test_no_cache_before_a_guard_shows_the_page_to_who_may_not_see_it(maria, rf, kind):
    page = cache_page(60)(guarded_views()[kind])
    grant_role(maria, "member")

    def visit(user):
        request = rf.get(f"/{kind}/")
        request.user, request.auser = user, sync_to_async(lambda: user)
        return page(request).status_code

    assert visit(maria) == 200
    assert visit(AnonymousUser()) == 302
    revoke_role(maria, "member")
    assert visit(maria) == 403


@pytest.mark.usefixtures("_guards_of_this_test")
def test_a_page_that_is_meant_for_caches_stays_so(maria, rf):
    @roles_required("member")
    def page(request):
        return HttpResponse(headers={"Cache-Control": "public, max-age=60"})

    request = rf.get("/leaflet/")
    request.user = maria
    grant_role(maria, "member")

    assert page(request)["Cache-Control"] == "public, max-age=60"


@pytest.mark.usefixtures("_guards_of_this_test")
def test_what_is_no_response_yet_passes_a_guard_as_it_is(maria, rf):
    # As of an operation of django-ninja, which makes the response of it.
    request = rf.get("/facts/")
    request.user = maria
    grant_role(maria, "member")

    assert roles_required("member")(lambda request: {"a": 1})(request) == {"a": 1}
