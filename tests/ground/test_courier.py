"""The thread that carries mails beside the requests."""

import logging
import threading
import time

import pytest
from django.db import connection, connections

from django_useraccounts.courier import Courier
from django_useraccounts.models import User


@pytest.fixture
def courier():
    courier = Courier()
    yield courier
    assert courier.finish(seconds=10)


def test_jobs_are_done_in_their_order_in_one_thread_beside(courier):
    done = []

    for number in range(20):
        courier.take(lambda number=number: done.append((number, threading.current_thread())))

    assert courier.finish(seconds=10)
    assert [number for number, _thread in done] == list(range(20))
    assert len({thread for _number, thread in done}) == 1
    thread = done[0][1]
    assert thread is not threading.current_thread()
    assert thread.daemon
    assert thread.name == "useraccounts"


def test_taking_a_job_does_not_wait_for_it(courier):
    may_go_on = threading.Event()

    courier.take(lambda: may_go_on.wait(10))

    assert not courier.finish(seconds=0.01)
    may_go_on.set()
    assert courier.finish(seconds=10)


def test_a_job_that_fails_is_logged_and_the_next_one_is_done(courier, caplog):
    done = []

    courier.take(lambda: 1 / 0)
    courier.take(lambda: done.append("next"))

    assert courier.finish(seconds=10)
    assert done == ["next"]
    assert [(record.name, record.message) for record in caplog.records] == [
        ("django_useraccounts.mail", "A mail could not be handled.")
    ]
    assert caplog.records[0].levelno == logging.ERROR
    assert caplog.records[0].exc_info[0] is ZeroDivisionError


def test_who_has_nothing_to_do_has_no_thread():
    courier = Courier()

    assert courier.finish(seconds=0)
    assert courier._thread is None


def test_after_a_fork_the_child_starts_a_thread_of_its_own(courier):
    # in a child the thread of the parent is there and not alive
    courier._thread = threading.Thread(target=lambda: None)
    courier._thread.start()
    courier._thread.join()
    done = []

    courier.take(lambda: done.append("done"))

    assert courier.finish(seconds=10)
    assert done == ["done"]


@pytest.mark.django_db(transaction=True)
def test_an_idle_thread_holds_no_connection(courier):
    seen = []

    def job():
        User.objects.count()
        seen.append(connections["default"])

    courier.take(job)

    assert courier.finish(seconds=10)
    assert seen[0] is not connection
    assert seen[0].connection is None


def test_many_threads_may_hand_over_jobs(courier):
    done = []

    def hand_over():
        for _ in range(50):
            courier.take(lambda: done.append(1))

    threads = [threading.Thread(target=hand_over) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert courier.finish(seconds=10)
    assert len(done) == 200


def test_waiting_ends_when_the_time_is_over(courier):
    courier.take(lambda: time.sleep(0.3))
    began = time.monotonic()

    assert not courier.finish(seconds=0.05)
    assert time.monotonic() - began < 0.25
