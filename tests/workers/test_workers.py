"""Workers in processes of their own: no mail twice, none lost, and an end that waits for the mail."""

import os
import signal
import subprocess
import sys

import pytest
from django.db import connection
from django.utils import timezone

from django_useraccounts.mail import announce
from django_useraccounts.models import OutgoingMail
from tests.readme import ROOT
from tests.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

MAILS = 60


@pytest.fixture
def lines(tmp_path):
    path = tmp_path / "mails"
    path.touch()
    return path


@pytest.fixture
def start(lines, set_conf):
    """Start the command in a process of its own, at the database of this test."""
    set_conf(MAIL_DELIVERY="command")
    workers = []

    def start(*options, takes="0.005"):
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "COV_"))}
        environment |= {
            "DJANGO_SETTINGS_MODULE": "tests.workers.child_settings",
            "WORKER_DATABASE": str(connection.settings_dict["NAME"]),
            "MAILS": str(lines),
            "MAIL_TAKES": takes,
        }
        command = [sys.executable, "-m", "django", "useraccounts_send_mail", *options]
        worker = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
        )
        workers.append(worker)
        return worker

    yield start
    for worker in workers:
        worker.kill()
        worker.communicate()


def announce_many(number):
    for one in range(number):
        announce("no_account", to=f"user{one}@example.com")


def sent(lines):
    return [line.split()[:3] for line in lines.read_text().splitlines()]


def test_two_workers_share_the_mails_and_send_none_twice(start, lines):
    # given two workers that wait, in turns that are too short for one to do it all
    workers = [start("--forever", "--every", "0.05", "--limit", "20") for _ in range(2)]

    # when many mails come
    announce_many(MAILS)
    wait_until(lambda: not OutgoingMail.objects.filter(sent_at=None).exists())

    # then each was sent once, by one of them
    readers = [reader for _worker, reader, _id in sent(lines)]
    assert sorted(readers) == sorted(f"user{one}@example.com" for one in range(MAILS))
    assert set(OutgoingMail.objects.values_list("attempts", flat=True)) == {1}
    for worker in workers:
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(PATIENCE) == 0


def test_many_workers_at_one_time_send_none_twice(start, lines):
    announce_many(MAILS)

    workers = [start() for _ in range(4)]
    counts = [int(worker.communicate(timeout=PATIENCE)[0].split()[0]) for worker in workers]

    assert sum(counts) == MAILS
    assert len({reader for _worker, reader, _id in sent(lines)}) == len(sent(lines)) == MAILS


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_that_is_told_to_stop_finishes_the_mail_in_hand(start, lines, number):
    announce_many(3)
    worker = start("--forever", "--every", "0.05", takes="1")
    wait_until(lambda: OutgoingMail.objects.filter(attempts=1).exists())

    worker.send_signal(number)

    assert worker.wait(PATIENCE) == 0
    done = OutgoingMail.objects.exclude(sent_at=None)
    assert done.count() == len(sent(lines)) == 1
    assert set(OutgoingMail.objects.filter(sent_at=None).values_list("attempts", flat=True)) == {0}


def test_the_mail_of_a_worker_that_was_killed_goes_out_after_its_lease(start, lines):
    announce_many(1)
    worker = start("--forever", "--every", "0.05", takes="60")
    wait_until(lambda: OutgoingMail.objects.filter(attempts=1).exists())
    worker.kill()
    assert worker.wait(PATIENCE) == -signal.SIGKILL

    other = start()
    assert other.communicate(timeout=PATIENCE)[0].strip() == "0 sent"  # it may be on its way
    OutgoingMail.objects.update(due_at=timezone.now())
    other = start()
    assert other.communicate(timeout=PATIENCE)[0].strip() == "1 sent"

    assert len(sent(lines)) == 1
