"""The audit trail: what an event says, and who is told of it: ATTACKS.md, T8; ASVS 5.0, 16.2-16.4."""

import io
import json
import logging
import logging.config
import re

import pytest
from django.contrib.auth import authenticate
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from docutils import nodes

from django_useraccounts.models import AccountEvent, Role
from django_useraccounts.roles.flows import rename_role
from django_useraccounts.sentences import all_sentences, facts_of, sentence_of
from django_useraccounts.signals import account_event_recorded
from django_useraccounts.testing import PASSWORD, log_in, make_user
from tests.readme import document

pytestmark = pytest.mark.django_db

#: What somebody types who wants to write lines of the log: breaks, colours, directions.
FORGED = 'x\r\n2026-01-01 INFO logged_in {"user": 1}\x1b[31m\u2028\u202e\x7f\0'


@pytest.fixture
def lines():
    """The lines of the audit logger, as the recipe of docs/audit.rst has them written."""
    told = io.StringIO()
    logger = logging.getLogger("django_useraccounts.audit")
    level = logger.level
    blocks = document("docs/audit.rst").findall(nodes.literal_block)
    scope = {}
    exec(next(b.astext() for b in blocks if "LOGGING" in b.astext()), scope)
    recipe = scope["LOGGING"]
    recipe["handlers"]["audit"]["stream"] = told
    # By parts, not by dictConfig(): that would close the handlers of all other tests.
    configured = logging.config.DictConfigurator(recipe)
    for part in ("formatters", "handlers", "loggers"):
        configure = getattr(configured, f"configure_{part[:-1]}")
        for name, entry in configured.config[part].items():
            named = (name, entry) if part == "loggers" else (entry,)
            configured.config[part][name] = configure(*named)
    yield lambda: told.getvalue().split("\n")[:-1]
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
    logger.propagate = True
    logger.setLevel(level)


def recorded(**facts):
    return AccountEvent.objects.record("role_granted", **facts)


# Told after the commit


def test_who_listens_is_told_of_each_event_after_the_commit(django_capture_on_commit_callbacks):
    told = []

    def listen(*, sender, event, **kwargs):
        told.append((sender, event))

    account_event_recorded.connect(listen)
    with django_capture_on_commit_callbacks(execute=True):
        event = recorded(user=make_user("frida"))
        assert told == []
    account_event_recorded.disconnect(listen)

    assert (AccountEvent, event) in told


def test_of_what_was_rolled_back_nobody_is_told(django_capture_on_commit_callbacks, caplog):
    caplog.set_level(logging.INFO, "django_useraccounts.audit")
    with (
        django_capture_on_commit_callbacks(execute=True),
        pytest.raises(ZeroDivisionError),
        transaction.atomic(),
    ):
        recorded(user=None)
        _ = 1 / 0

    assert not caplog.records
    assert not AccountEvent.objects.exists()


def test_a_listener_that_raises_keeps_the_log_from_nothing(
    django_capture_on_commit_callbacks, caplog
):
    def fails(**kwargs):
        raise RuntimeError("no")

    caplog.set_level(logging.INFO, "django_useraccounts.audit")
    account_event_recorded.connect(fails)
    with django_capture_on_commit_callbacks(execute=True):
        recorded(user=None)
    account_event_recorded.disconnect(fails)

    assert [record.kind for record in caplog.records if hasattr(record, "kind")] == ["role_granted"]


@pytest.mark.parametrize("many", [False, True])
def test_a_handler_that_raises_keeps_nothing_from_being_done(
    many, django_capture_on_commit_callbacks, caplog
):
    class Away(logging.Handler):
        def emit(self, record):
            told.append(record.kind)
            raise OSError("the collector of logs is away")

    told, away = [], Away()
    logger = logging.getLogger("django_useraccounts.audit")
    caplog.set_level(logging.INFO, logger.name)
    logger.addHandler(away)
    with django_capture_on_commit_callbacks(execute=True):
        if many:
            kinds = ("account_adopted", "emails_mended")
            AccountEvent.objects.record_all([AccountEvent(kind=kind) for kind in kinds])
        else:
            recorded(user=None)
        transaction.on_commit(lambda: told.append("what comes after it"))
    logger.removeHandler(away)

    events = list(AccountEvent.objects.order_by("pk").values_list("kind", flat=True))
    assert told == [*events, "what comes after it"]
    assert "the collector of logs is away" in caplog.text


@pytest.mark.asvs("16.2.1", "16.2.2")
def test_the_log_has_what_the_event_has_as_fields_of_their_own(
    django_capture_on_commit_callbacks, caplog, rf
):
    caplog.set_level(logging.INFO, "django_useraccounts.audit")
    maria, boss = make_user("maria"), make_user("boss")
    request = rf.get("/", REMOTE_ADDR="203.0.113.9")
    with django_capture_on_commit_callbacks(execute=True):
        event = recorded(user=maria, actor=boss, details={"role": "artist"}, request=request)

    record = caplog.records[-1]
    assert (record.name, record.levelname) == ("django_useraccounts.audit", "INFO")
    assert (record.event_key, record.kind, record.via) == (event.pk, "role_granted", "")
    assert (record.user_key, record.actor_key) == (maria.pk, boss.pk)
    assert (record.client_address, record.details) == ("203.0.113.9", {"role": "artist"})
    assert record.at == event.at.isoformat()
    assert record.at.endswith("+00:00")


@pytest.mark.asvs("16.4.1")
def test_what_somebody_types_forges_no_line_of_the_log(django_capture_on_commit_callbacks, caplog):
    caplog.set_level(logging.INFO, "django_useraccounts.audit")
    with django_capture_on_commit_callbacks(execute=True):
        recorded(user=None, details={"reason": FORGED.replace("\0", ""), FORGED[:5]: 1})

    message = caplog.records[-1].getMessage()
    assert re.fullmatch(r"[ -~]+", message)
    assert json.loads(message)["details"]["reason"] == FORGED.replace("\0", "")


@pytest.mark.asvs("16.2.4", "16.3.1")
def test_the_recipe_of_the_docs_writes_one_line_of_json_for_each_event(
    lines, django_capture_on_commit_callbacks, client
):
    maria = make_user("maria")
    data = {"identifier": "maria", "password": "wrong"}
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("useraccounts:login"), data)
        client.post(reverse("useraccounts:login"), {**data, "password": PASSWORD})

    failed, logged_in = map(json.loads, lines())
    assert failed["kind"] == "login_failed"
    assert (failed["user_key"], failed["actor_key"]) == (maria.pk, None)
    assert (failed["client_address"], failed["via"]) == ("127.0.0.1", "useraccounts:login")
    assert failed["details"] == {"reason": "wrong_password"}
    assert (logged_in["kind"], logged_in["actor_key"]) == ("logged_in", maria.pk)


# Who was not let in


@pytest.mark.asvs("16.3.1")
@pytest.mark.parametrize(
    "name, password, reason",
    [
        ("maria", "wrong", "wrong_password"),
        ("maria@example.com", "wrong", "wrong_password"),
        ("inactive", PASSWORD, "inactive"),
        ("nobody", PASSWORD, "unknown"),
        (FORGED, PASSWORD, "unknown"),
    ],
)
def test_a_failed_login_is_an_event_with_the_reason_and_nothing_that_was_typed(
    rf, name, password, reason
):
    users = {"maria": make_user("maria"), "inactive": make_user("inactive", is_active=False)}
    request = rf.post("/", REMOTE_ADDR="203.0.113.9")

    assert authenticate(request, username=name, password=password) is None

    event = AccountEvent.objects.get(kind="login_failed")
    assert event.user == users.get(name.split("@")[0])
    assert event.actor is None
    assert (event.details, event.client_address) == ({"reason": reason}, "203.0.113.9")


def test_known_and_unknown_names_cost_the_same_statements(rf):
    make_user("maria")

    def statements(name):
        with CaptureQueriesContext(connection) as queries:
            authenticate(rf.post("/"), username=name, password="wrong")
        return [query["sql"].split("VALUES")[0][:60] for query in queries]

    assert statements("maria") == statements("nobody")


@pytest.mark.asvs("16.3.3")
def test_what_a_limit_refuses_is_a_line_of_the_log_and_no_event(client, set_conf, caplog):
    set_conf(LIMITS={"login": {"pair": "1/1h"}})
    make_user("maria")
    data = {"identifier": "maria", "password": "wrong"}
    answers = [client.post(reverse("useraccounts:login"), data).status_code for _ in range(3)]

    assert answers == [200, 429, 429]
    assert AccountEvent.objects.filter(kind="login_failed").count() == 1
    lines = [record for record in caplog.records if record.name == "django_useraccounts.limits"]
    assert [(line.levelname, line.purpose, line.client) for line in lines] == [
        ("WARNING", "login", "127.0.0.1")
    ] * 2


@pytest.mark.asvs("16.3.1")
def test_a_wrong_password_where_it_is_asked_for_again_is_an_event(client):
    user = make_user("maria")
    log_in(client, user)

    client.post(reverse("useraccounts:confirm_identity"), {"old_password": "wrong"})

    event = AccountEvent.objects.get(kind="identity_refused")
    assert (event.user, event.actor) == (user, None)
    assert event.via == "useraccounts:confirm_identity"


# What code and commands do


def test_a_superuser_that_a_command_makes_is_an_event():
    call_command(
        "createsuperuser", "--noinput", "--username", "boss", "--email", "boss@example.com"
    )

    event = AccountEvent.objects.get()
    assert (event.kind, str(event.user), event.actor) == ("superuser_made", "boss", None)


def test_a_password_that_code_sets_is_an_event_and_a_renewed_hash_is_none():
    user = make_user("maria")
    user.first_name = "Maria"
    user.save()
    assert not AccountEvent.objects.exists()

    user.set_password("another horse another staple")
    user.save(update_fields=["password"])

    assert AccountEvent.objects.get().kind == "password_set_by_code"


def test_a_password_that_code_sets_is_one_event_when_it_is_written():
    user = make_user("maria")
    user.set_password("another horse another staple")

    # As a login does.
    user.save(update_fields=["last_login"])
    assert not AccountEvent.objects.exists()
    for _time in range(2):
        user.save()

    assert AccountEvent.objects.get().kind == "password_set_by_code"


def test_a_role_that_gets_another_name_is_an_event_about_no_account():
    boss = make_user("boss", is_superuser=True)
    rename_role(Role.objects.create(name="artist"), "painter", by=boss)

    event = AccountEvent.objects.get()
    assert (event.kind, event.user, event.actor) == ("role_renamed", None, boss)
    assert sentence_of(event) == "The role “artist” was renamed “painter”."


def test_a_logout_in_the_administration_is_an_event(client):
    log_in(client, make_user("boss", is_staff=True))

    client.post(reverse("admin:logout"))

    event = AccountEvent.objects.order_by("-pk")[0]
    assert (event.kind, event.via) == ("logged_out", "admin:logout")


# Sentences


def test_a_kind_of_a_project_is_told_by_its_name_whatever_is_in_it():
    event = AccountEvent(kind="100%_mine", details={})

    assert sentence_of(event) == "100%_mine"


@pytest.mark.parametrize("told", [5, "soon", "2026-02-30T12:00", ["a", "b"]])
def test_what_is_no_moment_in_an_event_of_a_project_is_told_as_it_is(told):
    event = AccountEvent(kind="ticket_bought", details={"since": told, "until": told})

    assert list(facts_of(event)) == [f"from {told}", f"until {told}"]


def test_a_sentence_gets_along_without_what_was_forgotten():
    event = AccountEvent(kind="email_removed", details={})

    assert sentence_of(event) == "The e-mail address … was removed."


def test_a_reason_is_told_in_words_only_if_code_has_chosen_it():
    chosen = AccountEvent(kind="login_failed", details={"reason": "wrong_password"})
    typed = AccountEvent(kind="switched_off", details={"reason": "was rude"})

    assert list(facts_of(chosen)) == ["wrong password"]
    assert list(facts_of(typed)) == []


# docs/audit.rst


def test_the_docs_name_each_kind_with_its_sentence():
    told = {}
    for row in document("docs/audit.rst").findall(nodes.row):
        kind, sentence, _actor, _details = [cell.astext() for cell in row.findall(nodes.entry)]
        told[kind] = sentence
    del told["kind"]

    assert told == {kind: str(sentence) for kind, sentence in all_sentences().items()}
