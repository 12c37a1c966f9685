"""What of this repository stands between a server and a view is async where the others are."""

import pytest
from asgiref.sync import async_to_sync, iscoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.test import AsyncRequestFactory, RequestFactory

from django_useraccounts.sessions.middleware import SessionsMiddleware
from testproject.guild.headers import content_policy

pytestmark = pytest.mark.one_database


@pytest.fixture(autouse=True)
def _policy(settings):
    settings.SECURE_CSP = {"default-src": ["'self'"]}


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("nothing")


async def async_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("nothing")


@pytest.mark.parametrize("middleware", [SessionsMiddleware, content_policy])
def test_it_is_what_it_stands_before(middleware):
    assert iscoroutinefunction(middleware(async_page))
    assert not iscoroutinefunction(middleware(page))


def test_the_policy_of_the_demo_is_on_pages_of_either_kind():
    answers = [
        content_policy(page)(RequestFactory().get("/")),
        async_to_sync(content_policy(async_page))(AsyncRequestFactory().get("/")),
    ]

    assert [answer["Content-Security-Policy"] for answer in answers] == ["default-src 'self'"] * 2
