"""The users in the administration: found, added, changed."""

import datetime

import pytest
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection
from django.db.models.signals import pre_save
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_useraccounts.admin.search import find_users
from django_useraccounts.models import (
    AccountEvent,
    OldUsername,
    OutgoingMail,
    Role,
    User,
    UserEmail,
)
from django_useraccounts.roles.flows import grant_role
from django_useraccounts.testing import html_of, link_in, mails_to, make_user
from tests.admin.pages import Form, errors_of, page, save, with_changes

pytestmark = pytest.mark.django_db


def found(client, text):
    response = client.get(page("changelist"), {"q": text})
    assert response.status_code == 200
    return {user.username for user in response.context["cl"].queryset}


def kinds():
    return list(AccountEvent.objects.order_by("pk").values_list("kind", flat=True))


def add(client, **fields):
    path = page("add")
    data = Form(client.get(path).content.decode()).data
    return client.post(path, with_changes(data, fields))


# The list


def test_the_list_shows_who_somebody_is_and_the_roles_in_force(office):
    user = make_user("frida", first_name="Frida", last_name="K.", roles=["artist", "starving"])
    now = timezone.now()
    day = datetime.timedelta(days=1)
    former = Role.objects.create(name="former", label="Former member")
    grant_role(user, former, since=now - 2 * day, until=now - day)
    grant_role(user, "artist")

    html = office.get(page("changelist")).content.decode()

    for text in ("frida", "frida@example.com", "Frida K.", "artist, starving<"):
        assert text in html
    assert "Former member" not in html.partition('id="result_list"')[2].partition("</table>")[0]


def test_the_list_costs_the_same_for_few_and_for_many(office):
    def cost():
        with CaptureQueriesContext(connection) as queries:
            assert office.get(page("changelist")).status_code == 200
        return len(queries)

    make_user("first", roles=["artist"])
    few = cost()
    for number in range(15):
        make_user(f"user{number}", roles=["artist", "starving"])

    assert cost() == few


def test_a_filter_shows_who_holds_a_role_now(office):
    make_user("frida", roles=["artist"])
    now = timezone.now()
    since, until = now - datetime.timedelta(days=2), now - datetime.timedelta(days=1)
    grant_role(make_user("former"), "artist", since=since, until=until)

    response = office.get(page("changelist"), {"role": "artist"})

    assert [user.username for user in response.context["cl"].queryset] == ["frida"]


@pytest.mark.parametrize(
    "text, usernames",
    [
        ("fri", {"frida", "friedrich"}),
        ("FRIDA", {"frida"}),
        ("frida@", {"frida"}),
        ("Frida@Example.com", {"frida"}),
        ("second@exa", {"frida"}),
        ("claimed", {"friedrich"}),
        ("ida", set()),
        ("fri%", set()),
        ("f_ida", set()),
        ("zoë", {"zoë"}),
        ("ZO", {"zoë", "zoe-1"}),
        ("rené@bücher", set()),
        ("kim@bücher.example", {"kim"}),
        ("kim@xn--b", {"kim"}),
        ("x" * 500, set()),
        ("  ", {"boss", "frida", "friedrich", "kim", "zoë", "zoe-1"}),
    ],
)
def test_a_search_finds_the_beginning_of_a_username_or_address(office, settings, text, usernames):
    settings.USERACCOUNTS = {**settings.USERACCOUNTS, "UNICODE_USERNAMES": True}
    frida, friedrich = make_user("frida"), make_user("friedrich", "fritz@example.com")
    UserEmail.objects.add_claim(frida, "second@example.com")
    UserEmail.objects.add_claim(friedrich, "claimed@example.com")
    make_user("zoë", "z@example.com")
    make_user("zoe-1", "z1@example.com")
    make_user("kim", "kim@bücher.example")

    assert found(office, text) == usernames


def plan_of(sql):
    """Return how the database runs a statement, one step in a line."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # What it knows of the table may be from before the rows of this test.
            cursor.execute("ANALYZE useraccounts_user, useraccounts_useremail")
            cursor.execute("SET LOCAL enable_seqscan = off")  # few rows are read in one piece
        explain = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
        cursor.execute(f"{explain} {sql}")
        return "\n".join(str(row) for row in cursor.fetchall())


@pytest.mark.parametrize("text", ["frida", "frida@", "frida@example.com"])
def test_a_search_reads_an_index_and_no_table(text):
    for number in range(50):
        make_user(f"user{number}")

    with CaptureQueriesContext(connection) as queries:
        find_users(text, using="default")

    by_index = {"sqlite": "SEARCH", "postgresql": "Index Cond", "mysql": "'range'"}
    for query in queries.captured_queries:
        assert by_index[connection.vendor] in plan_of(query["sql"])


@pytest.mark.parametrize(
    "lookup",
    [
        "password__startswith",
        "username_key__startswith",
        "session_epoch",
        "emails__verified_key__startswith",
        "role_grants__granted_by__password__startswith",
    ],
)
def test_the_list_cannot_be_asked_about_secrets(office, lookup):
    make_user("frida")

    response = office.get(page("changelist"), {lookup: "argon2"})

    assert response.status_code == 400


# Adding


def test_who_is_added_with_a_known_address_is_mailed_a_link_for_the_password(
    office, boss, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        response = add(
            office,
            username="frida",
            email="Frida@example.com",
            confirmed="on",
            first_name="Frida",
        )

    assert response.status_code == 302
    user = User.objects.get(username="frida")
    assert not user.has_usable_password()
    assert (user.email, user.first_name) == ("Frida@example.com", "Frida")
    [mail] = mails_to("Frida@example.com")
    assert "/reset-password/" in link_in(mail)
    assert "opened an account" in html_of(mail)
    event = AccountEvent.objects.get()
    assert (event.kind, event.user, event.actor) == ("user_added", user, boss)


def test_who_is_added_with_another_address_confirms_it(office, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        add(office, username="frida", email="frida@example.com")

    user = User.objects.get(username="frida")
    assert user.email == ""
    [mail] = mails_to("frida@example.com")
    assert "/confirm-email/" in link_in(mail)


def test_somebody_may_be_added_without_address(office):
    add(office, username="frida")

    assert User.objects.get(username="frida").email == ""
    assert not OutgoingMail.objects.exists()


@pytest.mark.parametrize(
    "fields, sentence",
    [
        ({"username": "TAKEN"}, "This username is taken. Please choose another one."),
        ({"username": "admin"}, "This username is reserved. Please choose another one."),
        ({"username": ""}, "This field is required."),
        ({"email": "no address"}, "Enter an e-mail address like name@example.com."),
        ({"email": "taken@example.com"}, "This e-mail address belongs to another account."),
    ],
)
@pytest.mark.parametrize("confirmed", ["on", None])
def test_what_cannot_be_added_is_said_beside_its_field_and_nothing_is_lost(
    office, fields, sentence, confirmed
):
    make_user("taken")
    given = {"username": "frida", "email": "frida@example.com", "first_name": "Frida", **fields}

    response = add(office, **given, confirmed=confirmed)

    [field] = fields
    assert errors_of(response) == [sentence]
    assert response.context["adminform"].form.errors == {field: [sentence]}
    assert 'value="Frida"' in response.content.decode()
    assert User.objects.count() == 2
    assert not OutgoingMail.objects.exists()


def test_the_form_for_a_new_user_has_no_password(office):
    html = office.get(page("add")).content.decode()

    assert "password" not in Form(html).data
    assert 'type="password"' not in html


# Changing


def test_the_username_is_changed_by_its_flow(office, boss):
    user = make_user("frida")

    response = save(office, user, username="kahlo")

    assert response.status_code == 302
    user.refresh_from_db()
    assert (user.username, user.username_key) == ("kahlo", "kahlo-")
    assert OldUsername.objects.get().username_key == "frida-"
    assert OutgoingMail.objects.get().kind == "username_changed"
    event = AccountEvent.objects.get()
    assert (event.kind, event.user, event.actor) == ("username_changed", user, boss)


def test_names_are_changed_by_their_flow(office, boss):
    user = make_user("frida")

    save(office, user, first_name="Frida", last_name="Kahlo")

    user.refresh_from_db()
    assert user.get_full_name() == "Frida Kahlo"
    event = AccountEvent.objects.get()
    assert (event.kind, event.user, event.actor) == ("profile_edited", user, boss)


def test_an_account_is_switched_off_and_on(office, boss):
    user = make_user("frida")

    save(office, user, is_active=None)
    user.refresh_from_db()
    assert (user.is_active, user.session_epoch) == (False, 1)

    save(office, user, is_active="on")
    user.refresh_from_db()
    assert user.is_active
    assert kinds() == ["switched_off", "switched_on"]
    assert {event.actor for event in AccountEvent.objects.all()} == {boss}


def test_a_superuser_gives_rights(office, boss):
    user, editors = make_user("frida"), Group.objects.create(name="editors")

    save(office, user, is_staff="on", groups=[str(editors.pk)])

    user.refresh_from_db()
    assert user.is_staff and list(user.groups.all()) == [editors]
    event = AccountEvent.objects.get()
    assert (event.kind, event.user, event.actor) == ("rights_changed", user, boss)


def test_saving_without_a_change_changes_nothing(office):
    user = make_user("frida", roles=["artist"])
    before = User.objects.filter(pk=user.pk).values().get()
    AccountEvent.objects.all().delete()

    assert save(office, user).status_code == 302

    assert User.objects.filter(pk=user.pk).values().get() == before
    assert not AccountEvent.objects.exists()
    assert not OutgoingMail.objects.exists()


def test_a_name_that_is_refused_today_is_no_reason_to_refuse_something_else(office):
    user = make_user("support")

    assert save(office, user, first_name="Frida").status_code == 302

    user.refresh_from_db()
    assert (user.username, user.first_name) == ("support", "Frida")


@pytest.mark.parametrize(
    "username, sentence",
    [
        ("TAKEN", "This username is taken. Please choose another one."),
        ("former", "This username is taken. Please choose another one."),
        ("a b", "Please use only the letters a to z, digits, and the signs . _ - in a username."),
        ("", "A username has at least 3 characters."),
    ],
)
def test_a_refused_username_is_said_in_the_form_and_the_rest_of_the_save_is_undone(
    office, username, sentence
):
    make_user("taken")
    save(office, make_user("former"), username="latter")
    user = make_user("frida")
    AccountEvent.objects.all().delete()

    response = save(office, user, username=username, first_name="Frida", is_active=None)

    assert errors_of(response) == [sentence]
    html = response.content.decode()
    assert 'value="Frida"' in html
    user.refresh_from_db()
    assert (user.username, user.first_name, user.is_active) == ("frida", "", True)
    assert not AccountEvent.objects.exists()


def test_the_last_superuser_is_told_why_it_stays(office, boss):
    for change in ({"is_active": None}, {"is_superuser": None}):
        response = save(office, boss, first_name="Big", **change)

        assert errors_of(response) == [
            "This is the last active superuser: nobody could manage the site any more."
        ]
        boss.refresh_from_db()
        assert boss.is_active and boss.is_superuser and boss.first_name == ""
    assert not AccountEvent.objects.exists()


@pytest.mark.asvs("16.2.1")
def test_several_changes_leave_one_event_each(office, boss):
    user = make_user("frida")

    save(office, user, username="kahlo", first_name="Frida", is_staff="on", is_active=None)

    assert kinds() == ["username_changed", "profile_edited", "rights_changed", "switched_off"]
    assert {event.actor for event in AccountEvent.objects.all()} == {boss}
    user.refresh_from_db()
    assert (user.username, user.first_name, user.is_staff) == ("kahlo", "Frida", True)


@pytest.fixture
def undone():
    """Have the database undo the first act that leaves an event; a list of those it has undone."""
    undone = []

    def undo(**kwargs):
        if not undone:
            undone.append(True)
            error = OperationalError(1213, "deadlock")
            raise error

    pre_save.connect(undo, sender=AccountEvent)
    yield undone
    pre_save.disconnect(undo, sender=AccountEvent)


@pytest.mark.django_db(transaction=True)
def test_a_save_that_the_database_undoes_is_done_again(office, undone):
    user = make_user("frida")

    response = save(office, user, first_name="Frida")

    assert undone and response.status_code == 302
    user.refresh_from_db()
    assert user.first_name == "Frida"
    assert kinds() == ["profile_edited"]


@pytest.mark.django_db(transaction=True)
def test_a_save_with_an_upload_is_not_done_again(office, undone):
    user, picture = make_user("frida"), SimpleUploadedFile("frida.png", b"png")

    with pytest.raises(OperationalError):
        save(office, user, first_name="Frida", picture=picture)

    user.refresh_from_db()
    assert undone and user.first_name == ""
    assert kinds() == []


def test_nobody_is_deleted_here(office):
    user = make_user("frida")

    for data in ({"action": "delete_selected", "_selected_action": [user.pk], "post": "yes"},):
        office.post(page("changelist"), data)
    assert office.post(page("delete", user.pk), {"post": "yes"}).status_code == 403

    assert User.objects.filter(pk=user.pk).exists()


@pytest.mark.asvs("6.4.6")
def test_O2_there_is_no_way_to_set_a_password(office):
    user = make_user("frida")
    html = office.get(page("change", user.pk)).content.decode()
    before = user.password

    save(office, user, password="hacked", password1="hacked", password2="hacked", session_epoch="9")

    assert "password" not in Form(html).data
    passwords = {"password1": "hacked by boss", "password2": "hacked by boss"}
    office.post(f"/admin/useraccounts/user/{user.pk}/password/", passwords, follow=True)
    user.refresh_from_db()
    assert (user.password, user.session_epoch) == (before, 0)


# Sites of another kind


def test_a_site_without_usernames_shows_none(office, settings):
    settings.USERACCOUNTS = {**settings.USERACCOUNTS, "USERNAME": "off"}
    user = make_user("frida")

    assert found(office, "frida@") == {"frida"}
    assert "username" not in office.get(page("changelist")).context["cl"].list_display
    assert "username" not in Form(office.get(page("change", user.pk)).content.decode()).data
    response = add(office, email="")
    assert errors_of(response) == ["This field is required."]
    assert add(office, email="new@example.com").status_code == 302


def test_a_site_without_addresses_shows_none(office, settings):
    settings.USERACCOUNTS = {**settings.USERACCOUNTS, "EMAIL": "off"}
    user = make_user("frida")

    changelist = office.get(page("changelist"))
    html = office.get(page("change", user.pk)).content.decode()

    assert "email" not in changelist.context["cl"].list_display
    assert "send_password_links" not in changelist.content.decode()
    assert "emails-TOTAL_FORMS" not in html
    assert "email" not in Form(office.get(page("add")).content.decode()).data
    assert add(office, username="new").status_code == 302
