"""S. Races: real requests at the same moment, against whatever database the tests run on."""

from base64 import b64encode
from collections import Counter

import pytest
from django.contrib.auth import get_user_model
from django.core import mail
from django.db import connection

from django_useraccounts import limits
from django_useraccounts.models import (
    AccountEvent,
    AccountExport,
    AttemptCounter,
    OneTimeSecret,
    OutgoingMail,
    UserEmail,
)
from django_useraccounts.passwords.flows import forgot_password
from django_useraccounts.registration.flows import register
from django_useraccounts.secrets import RESET_PASSWORD, issue
from django_useraccounts.testing import lifted_limits, make_user
from tests.attacks.browsers import (
    EVIL,
    NEW_PASSWORD,
    PASSWORD,
    VICTIM,
    link_in,
    mails_to,
    url,
)
from tests.attacks.races import REPEATS, Surfer, at_once

pytestmark = pytest.mark.django_db(transaction=True)

User = get_user_model()
PASSWORDS = ["the first of two passwords", "the second of two passwords"]


@pytest.fixture
def surfers(live_server):
    """Make browsers that have seen a form, so that each has its tokens."""

    def make(count):
        made = [Surfer(live_server.url) for _ in range(count)]
        for surfer in made:
            surfer.get(url("register"))
        return made

    with lifted_limits():
        yield make


TABLES = (AccountEvent, OutgoingMail, AccountExport, OneTimeSecret, UserEmail, User)


def repeatedly():
    """Yield once for each repetition of a race, without accounts."""
    for number in range(REPEATS):
        for model in TABLES:
            everything = model.objects.all()
            everything._raw_delete(everything.db)
        mail.outbox.clear()
        yield number


def posting(surfer, path, **data):
    return lambda: surfer.post(path, data)


def registering(surfer, username, email=VICTIM, password=EVIL):
    return posting(surfer, url("register"), username=username, email=email, password=password)


def claim(username, email=VICTIM):
    """Register without a browser, and return the secret of the link."""
    registration = register(username, email=email, password=PASSWORD)
    return OneTimeSecret.objects.get(address=registration.address)


def test_S1_registering_one_name_at_once_makes_one_account(surfers):
    one, two, three = surfers(3)
    for _ in repeatedly():
        answers = at_once(
            registering(one, "victoria", "a@example.com"),
            registering(two, "Victoria", "b@example.com"),
            registering(three, "VICTORIA", "c@example.com"),
        )

        assert sorted(answer.status for answer in answers) == [200, 200, 302]
        assert all("is taken" in answer.text for answer in answers if answer.status == 200)
        assert User.objects.count() == 1
        assert UserEmail.objects.count() == 1
        assert len(mail.outbox) == 1


def test_S1_one_form_sent_twice_at_once_makes_one_account_and_the_same_answers(surfers):
    (surfer,) = surfers(1)
    for _ in repeatedly():
        answers = at_once(*[registering(surfer.click(), "victoria") for _ in range(3)])

        assert [answer.status for answer in answers] == [302] * 3
        assert {answer.location for answer in answers} == {url("mail_sent")}
        assert User.objects.count() == 1
        assert len(mail.outbox) == 1


def test_S1_registering_one_address_at_once_makes_claims_and_no_owner(surfers):
    one, two, three = surfers(3)
    for _ in repeatedly():
        answers = at_once(
            registering(one, "one", VICTIM),
            registering(two, "two", "Victim@Example.com"),
            registering(three, "three", VICTIM.upper()),
        )

        assert [answer.status for answer in answers] == [302] * 3
        assert UserEmail.objects.claims().filter(email_key=VICTIM).count() == 3
        assert not UserEmail.objects.confirmed().exists()


def test_S1_registering_an_address_while_its_owner_confirms_it(surfers):
    owner, stranger = surfers(2)
    for _ in repeatedly():
        page = owner.hold(claim("victoria"))

        answers = at_once(posting(owner, page, answer="confirm"), registering(stranger, "mallory"))

        assert [answer.status for answer in answers] == [302, 302]
        assert UserEmail.objects.confirmed().get().user.username == "victoria"
        assert UserEmail.objects.claims().get().user.username == "mallory"


def test_S2_D4_two_simultaneous_resets_set_one_password(surfers):
    one, two = surfers(2)
    for _ in repeatedly():
        user = make_user("victoria", VICTIM)
        secret = issue(RESET_PASSWORD, address=user.emails.get())

        answers = at_once(
            posting(one, one.hold(secret), new_password=PASSWORDS[0]),
            posting(two, two.hold(secret), new_password=PASSWORDS[1]),
        )

        statuses = [answer.status for answer in answers]
        assert sorted(statuses) == [302, 410]
        user.refresh_from_db()
        assert user.check_password(PASSWORDS[statuses.index(302)])
        assert user.session_epoch == 1
        assert AccountEvent.objects.filter(kind="password_reset").count() == 1
        assert len(mails_to(VICTIM)) == 1


def test_S2_two_links_of_one_account_used_at_once_set_one_password(surfers):
    one, two = surfers(2)
    for _ in repeatedly():
        user = make_user("victoria", VICTIM)
        second = UserEmail.objects.create(
            user=user, email="b@x.com", email_key="b@x.com", verified_key="b@x.com"
        )
        secrets = [issue(RESET_PASSWORD, address=a) for a in (user.emails.first(), second)]

        answers = at_once(
            posting(one, one.hold(secrets[0]), new_password=PASSWORDS[0]),
            posting(two, two.hold(secrets[1]), new_password=PASSWORDS[1]),
        )

        assert sorted(answer.status for answer in answers) == [302, 410]
        user.refresh_from_db()
        assert user.session_epoch == 1


def test_S2_a_reset_and_a_change_at_once_leave_one_password_and_no_stolen_session(surfers):
    owner, thief = surfers(2)
    for _ in repeatedly():
        user = make_user("victoria", VICTIM)
        thief.be(user)
        page = owner.hold(issue(RESET_PASSWORD, address=user.emails.get()))

        reset, changed = at_once(
            posting(owner, page, new_password=NEW_PASSWORD),
            posting(thief, url("change_password"), old_password=PASSWORD, new_password=EVIL),
        )

        user.refresh_from_db()
        assert user.session_epoch == 1
        if reset.status == 302:
            assert user.check_password(NEW_PASSWORD)
            assert thief.get(url("profile")).status == 302
        else:
            # The change was first: the link died with it, and its owner is told so.
            assert (reset.status, changed.status) == (410, 302)
            assert user.check_password(EVIL)


@pytest.mark.asvs("2.3.4")
def test_S7_confirming_one_address_for_two_accounts_at_once_gives_one_owner(surfers):
    one, two = surfers(2)
    for _ in repeatedly():
        pages = [one.hold(claim("one")), two.hold(claim("two"))]

        answers = at_once(
            posting(one, pages[0], answer="confirm"), posting(two, pages[1], answer="confirm")
        )

        assert sorted(answer.status for answer in answers) == [200, 302]
        loser = next(answer for answer in answers if answer.status == 200)
        assert "belongs to another account" in loser.text
        owner = UserEmail.objects.confirmed().get().user
        assert owner.email == VICTIM
        assert User.objects.exclude(pk=owner.pk).get().email == ""
        assert OneTimeSecret.objects.filter(redeemed_at=None).count() == 1
        assert AccountEvent.objects.filter(kind="email_confirmed").count() == 1


@pytest.mark.parametrize("second", ["confirm", "not_me"])
def test_S7_one_link_answered_twice_at_once_is_answered_once(surfers, second):
    one, two = surfers(2)
    for _ in repeatedly():
        secret = claim("victoria")

        answers = at_once(
            posting(one, one.hold(secret), answer="confirm"),
            posting(two, two.hold(secret), answer=second),
        )

        statuses = Counter(answer.status for answer in answers)
        assert statuses[302] + statuses[200] == 1
        # 404: the other answer took the claim away, and its secrets with it.
        assert statuses[410] + statuses[404] == 1
        event = AccountEvent.objects.get(kind__startswith="email_")
        assert UserEmail.objects.confirmed().exists() is (event.kind == "email_confirmed")
        assert UserEmail.objects.exists() is (event.kind == "email_confirmed")


def test_S9_switching_off_while_logging_in_leaves_no_session_that_works(surfers):
    (surfer,) = surfers(1)

    def switch_off():
        User.objects.update(is_active=False)
        connection.close()

    for _ in repeatedly():
        make_user("victoria", VICTIM)
        surfer.be(None)
        surfer.get(url("login"))

        login, _none = at_once(
            posting(surfer, url("login"), identifier="victoria", password=PASSWORD), switch_off
        )

        assert login.status in {200, 302}
        assert surfer.get(url("profile")).status == 302


@pytest.mark.asvs("6.3.1")
def test_M4_a_burst_of_wrong_passwords_gets_no_more_checks_than_the_limit(live_server):
    racer = Surfer(live_server.url)
    racer.get(url("login"))
    for number in range(max(1, REPEATS // 10)):
        make_user(f"victim{number}")
        AttemptCounter.objects.all().delete()
        data = {"identifier": f"victim{number}", "password": EVIL}

        answers = at_once(*[posting(racer.click(), url("login"), **data) for _ in range(200)])

        assert Counter(answer.status for answer in answers) == {200: 5, 429: 195}


def basic(name, password):
    return {"Authorization": f"Basic {b64encode(f'{name}:{password}'.encode()).decode()}"}


#: What a burst sends to a path, by the number of the click, and how much of it is let through.
BURSTS = {
    "/admin/login/": (lambda number: {"username": "victoria", "password": EVIL}, 5),
    "/accounts/forgot-password/": (lambda number: {"email": VICTIM}, 5),
    "/accounts/resend-confirmation/": (lambda number: {"email": VICTIM}, 5),
    "/accounts/register/": (
        lambda number: {"username": f"eve{number}", "email": VICTIM, "password": EVIL},
        5,
    ),
    # By who has stolen a session and wants the password.
    "/accounts/confirm-identity/": (lambda number: {"old_password": EVIL}, 10),
    "/accounts/change-password/": (
        lambda number: {"old_password": EVIL, "new_password": NEW_PASSWORD},
        10,
    ),
}


def is_refused(answer):
    # The administration tells it beside its form.
    return answer.status == 429 or "Too many attempts" in answer.text


@pytest.mark.asvs("6.3.1")
@pytest.mark.parametrize("path", BURSTS)
def test_M4_a_burst_to_another_page_gets_no_more_than_its_limit(live_server, path):
    victoria = make_user("victoria", VICTIM)
    data, most = BURSTS[path]
    racer = Surfer(live_server.url)
    racer.get(url("login"))
    racer.be(victoria if most == 10 else None)

    answers = at_once(*[posting(racer.click(), path, **data(n)) for n in range(50)])

    assert Counter(map(is_refused, answers)) == {False: most, True: 50 - most}
    assert {answer.status for answer in answers} <= {200, 302, 429}


@pytest.mark.asvs("6.3.1")
@pytest.mark.urls("tests.attacks.urls")
def test_M4_a_burst_by_all_ways_to_log_in_gets_no_more_than_one_of_them(live_server):
    make_user("victoria")
    racer = Surfer(live_server.url)
    racer.get(url("login"))
    names = {"identifier": "victoria", "username": "victoria", "password": EVIL}

    def ask_as_a_program(surfer):
        return lambda: surfer.send("GET", "/basic/", headers=basic("victoria", EVIL))

    ways = [
        lambda surfer: posting(surfer, url("login"), **names),
        lambda surfer: posting(surfer, "/admin/login/", **names),
        ask_as_a_program,
    ]
    answers = at_once(*[way(racer.click()) for way in ways * 20])

    assert Counter(map(is_refused, answers)) == {False: 5, True: 55}
    assert {answer.status for answer in answers} <= {200, 401, 429}


def test_M4_logins_that_succeed_at_once_do_not_get_in_each_others_way(live_server):
    """Spending and forgiving lock the same two rows: in one order, or databases see a deadlock."""
    make_user("victoria", VICTIM)
    racers = [Surfer(live_server.url) for _ in range(6)]

    def log_in_and_out(racer):
        statuses = []
        for _ in range(max(2, REPEATS // 5)):
            racer.be(None)
            racer.get(url("login"))
            data = {"identifier": "victoria", "password": PASSWORD}
            statuses.append(racer.post(url("login"), data).status)
        return statuses

    answers = at_once(*[lambda racer=racer: log_in_and_out(racer) for racer in racers])

    assert {status for several in answers for status in several} == {302}
    assert set(AttemptCounter.objects.values_list("attempts", flat=True)) == {0}


@pytest.fixture
def wide_limits(set_conf):
    set_conf(LIMITS={"username": {"identifier": "100000/1h", "client": "100000/1h"}})


@pytest.mark.parametrize("names", ["the same", "new ones", "one of each"])
def test_S15_every_attempt_is_counted(wide_limits, rf, names):
    each, threads = 10 * max(1, REPEATS // 10), 10
    request = rf.get("/", REMOTE_ADDR="93.184.216.34")

    def spend(place):
        try:
            for number in range(each):
                name = {"the same": "x", "new ones": f"{number}"}.get(names, f"{place}-{number}")
                limits.spend("username", identifier=name, request=request)
        finally:
            connection.close()

    at_once(*[lambda place=place: spend(place) for place in range(threads)])

    counts = list(AttemptCounter.objects.values_list("attempts", flat=True))
    assert sum(counts) == 2 * each * threads
    assert max(counts) == each * threads


def test_S15_forgiving_at_once_takes_back_exactly_what_was_forgiven(wide_limits, rf):
    request = rf.get("/", REMOTE_ADDR="93.184.216.34")
    each = 25 * max(1, REPEATS // 20)

    def spend(place):
        try:
            for _ in range(each):
                spent = limits.spend("username", identifier="x", request=request)
                if place % 2:
                    spent.forgive()
        finally:
            connection.close()

    at_once(*[lambda place=place: spend(place) for place in range(8)])

    assert list(AttemptCounter.objects.values_list("attempts", flat=True)) == [4 * each] * 2


def test_asking_at_once_mails_links_of_which_the_newest_works(surfers):
    racers = surfers(3)
    for number in repeatedly():
        if number % 4:
            continue
        user = make_user("victoria", VICTIM)

        at_once(*[posting(racer, url("forgot_password"), email=VICTIM) for racer in racers])
        links = [link_in(message) for message in mails_to(VICTIM)]
        works = [racers[0].get(racers[0].get(link).location).status for link in links]

        # A mail whose link was replaced before it left is not sent, or its link does not open.
        assert 1 <= len(links) <= 3
        assert works.count(200) >= 1
        user.refresh_from_db()
        assert user.check_password(PASSWORD)


def test_asking_for_a_link_while_one_is_used_leaves_one_new_password(surfers):
    one, two = surfers(2)
    for _ in repeatedly():
        user = make_user("victoria", VICTIM)
        forgot_password(VICTIM)
        page = one.hold(OneTimeSecret.objects.get())

        reset, asked = at_once(
            posting(one, page, new_password=NEW_PASSWORD),
            posting(two, url("forgot_password"), email=VICTIM),
        )

        assert asked.status == 302
        assert reset.status in {302, 410}
        user.refresh_from_db()
        assert user.check_password(NEW_PASSWORD if reset.status == 302 else PASSWORD)


def test_changing_at_once_from_two_devices_changes_once(surfers):
    racers = surfers(2)
    for _ in repeatedly():
        user = make_user("victoria", VICTIM)
        for racer in racers:
            racer.be(user)

        answers = at_once(
            *[
                posting(racer, url("change_password"), old_password=PASSWORD, new_password=new)
                for racer, new in zip(racers, PASSWORDS, strict=True)
            ]
        )

        # Who lost sees the sentence, or, when the session ended first, the login page.
        winners = [
            place for place, answer in enumerate(answers) if answer.location == url("profile")
        ]
        assert len(winners) == 1
        user.refresh_from_db()
        assert user.check_password(PASSWORDS[winners[0]])
        assert user.session_epoch == 1
        assert racers[winners[0]].get(url("profile")).status == 200
        assert racers[1 - winners[0]].get(url("profile")).status == 302
