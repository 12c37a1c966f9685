"""News about accounts: after the commit, and nobody can veto."""

import pytest
from django.db import transaction
from django.dispatch import Signal
from django.utils.functional import SimpleLazyObject

from django_useraccounts.signals import send_on_commit

pytestmark = pytest.mark.django_db


@pytest.fixture
def news():
    return Signal()


def test_news_are_told_after_the_commit(news, django_capture_on_commit_callbacks):
    told = []
    news.connect(lambda **kwargs: told.append(kwargs["user"]), weak=False)

    with django_capture_on_commit_callbacks(execute=True):
        send_on_commit(news, user="frida")
        assert told == []

    assert told == ["frida"]


def test_what_was_rolled_back_is_no_news(news, django_capture_on_commit_callbacks):
    told = []
    news.connect(lambda **kwargs: told.append(kwargs), weak=False)

    with (
        django_capture_on_commit_callbacks(execute=True),
        pytest.raises(ZeroDivisionError),
        transaction.atomic(),
    ):
        send_on_commit(news, user="frida")
        _ = 1 / 0

    assert told == []


def test_a_receiver_that_raises_keeps_the_news_from_nobody(
    news, django_capture_on_commit_callbacks, caplog
):
    told = []

    def fails(**kwargs):
        raise RuntimeError("no")

    news.connect(fails)
    news.connect(lambda **kwargs: told.append(kwargs["sender"]), weak=False)

    with django_capture_on_commit_callbacks(execute=True):
        send_on_commit(news, user="frida")

    assert told == [str]
    assert "Error calling" in caplog.text


def test_the_sender_is_the_user_model_also_for_the_lazy_user_of_a_request(
    news, django_capture_on_commit_callbacks
):
    told = []
    news.connect(lambda **kwargs: told.append(kwargs["user"]), sender=str, weak=False)

    with django_capture_on_commit_callbacks(execute=True):
        send_on_commit(news, user=SimpleLazyObject(lambda: "frida"))

    assert told == ["frida"]
