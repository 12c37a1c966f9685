"""Who delivers: Django's tasks, Celery, or whatever a project names in MAIL_DELIVERY."""

import logging
import sys
from types import ModuleType, SimpleNamespace

import pytest
from django.core import mail as outside
from docutils import nodes

from django_useraccounts import compat
from django_useraccounts.mail import announce, deliver_due, send_again
from django_useraccounts.models import OutgoingMail
from tests.ground import doubles
from tests.readme import document

pytestmark = pytest.mark.django_db

DOCS = [block.astext() for block in document("docs/mail.rst").findall(nodes.literal_block)]


def readers():
    return [message.to[0] for message in outside.outbox]


def test_a_function_of_the_project_is_asked_after_the_commit(
    set_conf, monkeypatch, django_capture_on_commit_callbacks
):
    set_conf(MAIL_DELIVERY="tests.ground.doubles.carried")
    monkeypatch.setattr(doubles, "asked_for", [])

    with django_capture_on_commit_callbacks(execute=True):
        mail = announce("no_account", to="frida@example.com")
        assert doubles.asked_for == []

    assert doubles.asked_for == [mail.pk]
    assert readers() == []


def test_a_queue_that_is_away_fails_no_request_and_loses_no_mail(
    set_conf, monkeypatch, caplog, django_capture_on_commit_callbacks
):
    set_conf(MAIL_DELIVERY="tests.ground.doubles.carried")
    monkeypatch.setattr(doubles, "asked_for", None)  # so that it raises

    with django_capture_on_commit_callbacks(execute=True):
        announce("no_account", to="frida@example.com")

    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert deliver_due(limit=9) == 1


@pytest.fixture
def celery(monkeypatch):
    """A Celery whose broker is a list, and mysite/tasks.py as the docs show it."""
    queue = []

    def shared_task(**options):
        def decorate(function):
            return SimpleNamespace(delay=lambda *args: queue.append((function, args, options)))

        return decorate

    fake = ModuleType("celery")
    fake.shared_task = shared_task
    monkeypatch.setitem(sys.modules, "celery", fake)
    (code,) = [block for block in DOCS if "shared_task" in block]
    tasks = ModuleType("mysite_tasks")
    exec(compile(code, "docs/mail.rst", "exec"), vars(tasks))
    monkeypatch.setitem(sys.modules, "mysite_tasks", tasks)
    return queue


def test_celery_is_asked_as_the_docs_show(celery, set_conf, django_capture_on_commit_callbacks):
    set_conf(MAIL_DELIVERY="mysite_tasks.carry_later")
    with django_capture_on_commit_callbacks(execute=True):
        announce("no_account", to="frida@example.com")
    [(function, args, options)] = celery
    assert options == {"ignore_result": True}
    assert readers() == []

    # a worker takes the task, and, since brokers may deliver twice, another one does, too
    function(*args)
    function(*args)

    assert readers() == ["frida@example.com"]


def test_tasks_of_django_carry_it(set_conf, django_capture_on_commit_callbacks):
    from django_useraccounts.tasks import carry_mail

    # The backend of the framework's default runs the task where it is asked for.
    set_conf(MAIL_DELIVERY="tasks")
    earlier = OutgoingMail.objects.create(
        kind="no_account", to="earlier@example.com", base_url="http://testserver/"
    )

    with django_capture_on_commit_callbacks(execute=True):
        announce("no_account", to="frida@example.com")

    assert readers() == ["frida@example.com", "earlier@example.com"]
    earlier.refresh_from_db()
    assert earlier.sent_at
    assert carry_mail.name == "carry_mail"


def test_there_are_tasks_here_by_django_or_by_its_backport():
    assert compat.tasks().__name__ in {"django.tasks", "django_tasks"}


# What was given up


def test_what_was_given_up_can_be_sent_again_and_nothing_else(
    set_conf, django_capture_on_commit_callbacks
):
    set_conf(MAIL_DELIVERY="command")
    mail = announce("no_account", to="frida@example.com")
    assert not send_again(mail)
    OutgoingMail.objects.update(due_at=None, attempts=7, error="451 No")
    set_conf(MAIL_DELIVERY="immediate")

    with django_capture_on_commit_callbacks(execute=True):
        assert send_again(mail)

    assert readers() == ["frida@example.com"]
    mail.refresh_from_db()
    assert (mail.attempts, mail.error) == (1, "")
    assert not send_again(mail)
