"""What the identities, the profile and the second try have let through; each named by its row."""

from types import ModuleType

import pytest
from django import forms
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser, Permission
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection, transaction
from django.template import engines
from django.test import Client, override_settings
from django.urls import path, reverse

from django_useraccounts.administration.flows import add_user, end_sessions, switch_off
from django_useraccounts.emails.flows import add_email, confirm_email
from django_useraccounts.errors import UsernameTaken, ValueTaken
from django_useraccounts.models import AccountEvent, OneTimeSecret, OutgoingMail, UserEmail
from django_useraccounts.passwords.flows import change_password, forgot_password
from django_useraccounts.profile.flows import change_username, edit_profile
from django_useraccounts.profile.views import ChangeUsernameView
from django_useraccounts.registration.flows import register
from django_useraccounts.registration.forms import RegisterForm
from django_useraccounts.registration.views import RegisterView
from django_useraccounts.secrets import CONFIRM_EMAIL, RESET_PASSWORD, is_void, issue
from django_useraccounts.testing import log_in, make_user
from tests.admin.pages import Form
from tests.attacks.browsers import EVIL, PASSWORD, VICTIM, last_mail, page_of, url
from tests.urls import urlpatterns

pytestmark = pytest.mark.django_db

User = get_user_model()


# A computer that several people use


@pytest.mark.parametrize(
    "mode", [{"USERNAME": "off"}, {"USERNAME": "off", "CONFIRM_EMAIL_BEFORE_LOGIN": False}], ids=str
)
def test_A2_who_registered_first_at_a_shared_browser_does_not_choose_the_password(
    new_browser, set_conf, mode
):
    set_conf(**mode)
    shared, elsewhere = new_browser(), new_browser()
    shared.register("", VICTIM, EVIL)
    shared.post(url("logout"))

    # The victim sits down at the same browser and does what everybody does.
    shared.register("", VICTIM, PASSWORD)
    shared.confirm(last_mail())

    elsewhere.log_in(VICTIM, EVIL)
    assert elsewhere.user_id is None
    elsewhere.log_in(VICTIM, PASSWORD)
    assert elsewhere.user_id is not None


def test_A2_nor_does_somebody_who_guessed_the_username_too(new_browser):
    shared, elsewhere = new_browser(), new_browser()
    shared.register("victoria", VICTIM, EVIL)

    answer = shared.register("victoria", VICTIM, PASSWORD)
    if answer.status_code == 302:
        shared.confirm(last_mail())

    elsewhere.log_in("victoria", EVIL)
    assert elsewhere.user_id is None


def test_A4_without_usernames_a_later_claim_does_not_get_the_mail_of_the_first(
    new_browser, set_conf
):
    """The page of the link cannot show whose account it is: there is nothing to tell them by."""
    set_conf(USERNAME="off")
    victim, mallory, phone = new_browser(), new_browser(), new_browser()
    victim.register("", VICTIM, PASSWORD)
    mallory.register("", VICTIM, EVIL)

    phone.resend()
    phone.confirm(last_mail())

    mallory.log_in(VICTIM, EVIL)
    assert mallory.user_id is None


# Sessions and links that have ended stay ended


def test_J3_a_user_that_was_loaded_before_its_sessions_ended_does_not_revive_them(browser):
    user = make_user("maria")
    log_in(browser, user)
    held = User.objects.get(pk=user.pk)  # by a slow request, or a worker
    end_sessions(user)

    held.first_name = "Maria"
    held.save()

    assert browser.user_id is None


def test_D6_a_reset_link_does_not_survive_a_password_that_code_sets_on_an_older_copy():
    user = make_user("maria")
    held = User.objects.get(pk=user.pk)
    end_sessions(user)
    forgot_password("maria@example.com")

    held.set_password("what the administrator typed")
    held.save()

    secret = OneTimeSecret.objects.select_related("user", "address").get(
        purpose=RESET_PASSWORD.name
    )
    assert is_void(secret, is_replaced=False)


@pytest.mark.parametrize("update_fields", [None, ["first_name", "password"]], ids=["all", "named"])
def test_J3_a_user_that_was_loaded_before_a_new_password_does_not_bring_the_old_one_back(
    browser, update_fields
):
    user = make_user("maria")
    held = User.objects.get(pk=user.pk)  # by a slow request, or a worker
    log_in(browser, user)
    change_password(user, old_password=PASSWORD, new_password=EVIL)

    held.first_name = "Maria"
    held.save(update_fields=update_fields)

    user.refresh_from_db()
    assert user.first_name == "Maria"
    assert user.check_password(EVIL)
    assert not user.check_password(PASSWORD)


# An account that is switched off


def test_C8_a_second_registration_logs_nobody_in_who_is_switched_off(browser, set_conf):
    set_conf(CONFIRM_EMAIL_BEFORE_LOGIN=False)
    browser.register("mallory", VICTIM, EVIL)
    browser.post(url("logout"))
    switch_off(User.objects.get())
    logins = AccountEvent.objects.filter(kind="logged_in").count()

    browser.register("mallory", VICTIM, EVIL)

    assert AccountEvent.objects.filter(kind="logged_in").count() == logins
    assert "_auth_user_id" not in browser.session


def test_C8_a_registration_that_waits_for_a_moderator_logs_nobody_in(rf, set_conf, browser):
    set_conf(EMAIL="off")

    class Moderated(RegisterView):
        def save_more(self, user, form):
            user.is_active = False
            user.save(update_fields=["is_active"])

    urlconf = urls_with(path("moderated/", Moderated.as_view()))
    answer = _post(browser, urlconf, "/moderated/", username="maria", password=PASSWORD)

    assert answer.status_code == 302
    assert not AccountEvent.objects.filter(kind="logged_in").exists()


def urls_with(page):
    urlconf = ModuleType("urls_of_a_project")
    urlconf.urlpatterns = [page, *urlpatterns]
    return urlconf


def _post(browser, urlconf, where, **data):
    with override_settings(ROOT_URLCONF=urlconf):
        return browser.post(where, data)


# What the database undoes


class Undone(Exception):
    sqlstate = "40P01"


def undone():
    error = OperationalError("deadlock detected")
    error.__cause__ = Undone()
    return error


@pytest.mark.django_db(transaction=True)
def test_S_a_second_try_asks_the_guard_again():
    """Between both tries the sessions of the user have ended: nobody is there any more."""
    user = make_user("maria")
    client = log_in(Client(raise_request_exception=False), user)
    tries = []

    class View(ChangeUsernameView):
        def perform(self, form):
            tries.append(str(self.user))
            if len(tries) == 1:
                end_sessions(User.objects.get(pk=user.pk))
                raise undone()
            super().perform(form)

    urlconf = urls_with(path("again/", View.as_view()))
    answer = _post(client, urlconf, "/again/", username="curie")

    assert tries == ["maria"]
    assert answer.status_code == 302
    assert answer.url.startswith(url("login"))
    assert User.objects.get().username == "maria"


@pytest.mark.django_db(transaction=True)
def test_S_a_second_try_acts_for_the_user_of_the_first(settings):
    """A middleware of the project lets support staff act as somebody: not half of the time."""
    boss, maria = make_user("boss"), make_user("maria")
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "tests.attacks.test_seams.acting_as_maria"]
    client = log_in(Client(), boss)
    tries = []

    class View(ChangeUsernameView):
        def perform(self, form):
            tries.append(self.user.pk)
            if len(tries) == 1:
                raise undone()
            super().perform(form)

    urlconf = urls_with(path("again/", View.as_view()))
    _post(client, urlconf, "/again/", username="curie")

    assert tries == [maria.pk, maria.pk]
    boss.refresh_from_db()
    assert boss.username == "boss"


def acting_as_maria(get_response):
    def middleware(request):
        request.user = User.objects.get(username="maria")
        return get_response(request)

    return middleware


# Odd input


def test_Q8_a_field_of_an_extended_form_that_is_longer_than_its_column_is_a_sentence(browser):
    class LongForm(RegisterForm):
        first_name = forms.CharField()

    class View(RegisterView):
        form_class = LongForm

    urlconf = urls_with(path("long/", View.as_view()))
    data = {"username": "maria", "email": VICTIM, "password": PASSWORD, "first_name": "x" * 1000}
    answer = _post(browser, urlconf, "/long/", **data)

    assert answer.status_code == 200
    assert not User.objects.exists()


def test_Q_a_value_of_the_profile_that_is_somebody_elses_is_a_sentence(monkeypatch):
    monkeypatch.setattr(User, "PROFILE_FIELDS", ("username",))  # any unique column
    make_user("frida")
    client = log_in(Client(raise_request_exception=False), make_user("maria"))

    answer = client.post(url("edit_profile"), {"username": "frida"})

    assert answer.status_code == 200


def test_Q_a_validator_of_a_column_is_a_sentence_in_the_profile(monkeypatch):
    monkeypatch.setattr(User, "PROFILE_FIELDS", ("username",))  # any column with a validator
    client = log_in(Client(raise_request_exception=False), make_user("maria"))

    answer = client.post(url("edit_profile"), {"username": "maria / curie"})

    assert answer.status_code == 200


def test_Q_a_relation_in_the_profile_is_saved_or_refused_by_a_check(monkeypatch):
    monkeypatch.setattr(User, "PROFILE_FIELDS", ("first_name", "groups"))  # any many-to-many
    client = log_in(Client(raise_request_exception=False), make_user("maria"))

    answer = client.post(url("edit_profile"), {"first_name": "Maria"})

    assert answer.status_code == 302


@pytest.fixture
def unique_first_names():
    """As a project has them that calls its people by a nickname."""
    table = User._meta.db_table
    with connection.cursor() as cursor:
        # Only rows with a name: MariaDB knows no condition, so every user of these tests has one.
        cursor.execute(f"CREATE UNIQUE INDEX nicknames ON {table} (first_name)")
        yield
        on_table = f" ON {table}" if connection.vendor == "mysql" else ""
        cursor.execute(f"DROP INDEX nicknames{on_table}")


@pytest.mark.django_db(transaction=True)
def test_Q_a_column_of_the_project_that_is_taken_is_not_told_as_the_username(unique_first_names):
    make_user("frida", first_name="Frida")
    taken = {"email": VICTIM, "password": PASSWORD, "fields": {"first_name": "Frida"}}

    with pytest.raises(ValueTaken):
        register("maria", **taken)
    with pytest.raises(UsernameTaken):
        register("frida", **taken)
    with pytest.raises(ValueTaken):
        edit_profile(make_user("maria", first_name="Maria"), {"first_name": "Frida"})
    with pytest.raises(ValueTaken):
        add_user("diego", fields={"first_name": "Frida"})
    with pytest.raises(UsernameTaken):
        add_user("frida", fields={"first_name": "Diego"})

    assert sorted(User.objects.values_list("first_name", flat=True)) == ["Frida", "Maria"]
    assert not AccountEvent.objects.filter(
        kind__in=["registered", "profile_edited", "user_added"]
    ).exists()


# A site without addresses


def test_P_a_site_without_addresses_mails_nobody(browser, set_conf):
    user = make_user("maria")  # as createsuperuser, an import, or an earlier setting made her
    set_conf(EMAIL="off")
    log_in(browser, user)

    browser.change_password()

    assert not mail.outbox


@pytest.mark.django_db(transaction=True)
def test_S_a_form_with_an_upload_is_not_tried_again():
    """The first try may have moved the file to its place."""
    client = log_in(Client(raise_request_exception=False), make_user("maria"))
    tries = []

    class View(ChangeUsernameView):
        def perform(self, form):
            tries.append(1)
            raise undone()

    urlconf = urls_with(path("again/", View.as_view()))
    picture = SimpleUploadedFile("maria.png", b"png")
    answer = _post(client, urlconf, "/again/", username="curie", picture=picture)

    assert len(tries) == 1
    assert answer.status_code == 503


def test_A4_without_usernames_the_password_confirms_and_logs_in_from_another_browser(
    new_browser, set_conf
):
    set_conf(USERNAME="off")
    desk, phone = new_browser(), new_browser()
    desk.register("", VICTIM, PASSWORD)
    page = page_of(phone.open(last_mail()))

    shown = phone.get(page).content.decode()
    wrong = phone.post(page, {"answer": "confirm", "old_password": EVIL})
    missing = phone.post(page, {"answer": "confirm"})
    right = phone.post(page, {"answer": "confirm", "old_password": PASSWORD})

    assert "(optional)" not in shown
    assert "not your current password" in wrong.content.decode()
    assert "This field is required" in missing.content.decode()
    assert right.status_code == 302
    assert phone.user_id is not None


def test_A4_without_usernames_nobody_needs_a_password_to_say_that_it_was_not_me(
    new_browser, set_conf
):
    set_conf(USERNAME="off")
    mallory, phone = new_browser(), new_browser()
    mallory.register("", VICTIM, EVIL)

    phone.confirm(last_mail(), "not_me")

    assert not UserEmail.objects.exists()


def test_A4_the_password_of_a_waiting_account_cannot_be_guessed_by_its_link(new_browser, set_conf):
    set_conf(USERNAME="off")
    new_browser().register("", VICTIM, PASSWORD)
    phone = new_browser()
    page = page_of(phone.open(last_mail()))

    answers = [phone.post(page, {"answer": "confirm", "old_password": EVIL}) for _ in range(11)]

    assert [answer.status_code for answer in answers] == [200] * 10 + [429]


def test_B11_two_own_addresses_confirmed_at_once_have_one_primary(browser):
    user = make_user("maria", confirmed=False)
    UserEmail.objects.add_claim(user, "second@example.com")
    secrets = [
        OneTimeSecret.objects.select_related("user", "address").get(
            pk=issue(CONFIRM_EMAIL, address=claim).pk
        )
        for claim in UserEmail.objects.select_related("user").order_by("pk")
    ]

    # Both were read before either was answered.
    for secret in secrets:
        confirm_email(secret)

    assert list(UserEmail.objects.order_by("pk").values_list("is_primary", flat=True)) == [
        True,
        None,
    ]
    assert User.objects.get().email == "maria@example.com"
    assert OutgoingMail.objects.filter(kind="email_added").get().to == "maria@example.com"


def test_K_the_names_of_a_deleted_account_stay_reserved():
    user = make_user("maria")
    change_username(user, "curie")
    user.delete()

    with pytest.raises(UsernameTaken):
        register("maria", email=VICTIM, password=PASSWORD)


def test_V_the_account_menu_says_nothing_to_a_stranger(rf):
    request = rf.get("/")
    request.user = AnonymousUser()
    template = engines["django"].from_string("{% load useraccounts %}{% account_menu %}")

    assert "href" not in template.render({}, request)


# What holds, and has to go on holding


def test_M7_without_addresses_the_register_form_is_no_second_way_to_guess_passwords(
    browser, set_conf
):
    set_conf(EMAIL="off", LIMITS={"register": {"identifier": "100/1h", "client": "100/1h"}})
    make_user("maria")

    answers = [browser.register("maria", "", EVIL) for _ in range(3)]
    answers += [browser.log_in("maria", EVIL) for _ in range(2)]

    assert {answer.status_code for answer in answers} == {200}
    assert browser.register("maria", "", PASSWORD).status_code == 429
    assert browser.log_in("maria", PASSWORD).status_code == 429


def test_C4_a_session_that_was_planted_is_dead_after_registering_logs_in(browser, set_conf):
    set_conf(CONFIRM_EMAIL_BEFORE_LOGIN=False)
    planted = browser.session
    planted["basket"] = 1
    planted.save()
    browser.cookies["sessionid"] = planted.session_key

    browser.register("maria", VICTIM, PASSWORD)

    assert browser.user_id is not None
    assert browser.session.session_key != planted.session_key
    assert not planted.exists(planted.session_key)


def test_E3_a_further_address_that_can_reset_the_password_is_told_to_the_first(browser):
    user = make_user("maria")
    with transaction.atomic():
        add_email(user, "evil@example.net", by=None)
    secret = OneTimeSecret.objects.get(purpose=CONFIRM_EMAIL.name)
    confirm_email(secret)
    told = OutgoingMail.objects.filter(to="maria@example.com").exists()

    forgot_password("evil@example.net")

    reset = OutgoingMail.objects.filter(to="evil@example.net", kind="reset_password")
    assert reset.exists()
    assert told


def test_K5_a_helper_takes_no_account_over_whose_roles_the_helper_may_not_give(browser):
    """With another address and a reset link the account is the helper's, roles included."""
    helper = make_user("helper", is_staff=True)
    for codename in ("change_user", "add_useremail", "change_useremail"):
        helper.user_permissions.add(Permission.objects.get(codename=codename))
    victim = make_user("victoria", roles=["secret"])
    log_in(browser, helper)
    page = reverse("admin:useraccounts_user_change", args=[victim.pk])
    data = Form(browser.get(page).content.decode()).data
    data |= {"emails-TOTAL_FORMS": "2", "emails-1-email": "e@example.net", "emails-1-user": ""}
    data |= {"emails-1-confirmed": "on", "emails-1-id": ""}
    browser.post(page, {**data, "emails-1-user": victim.pk})

    assert not UserEmail.objects.confirmed().addressed("e@example.net").exists()
