"""A visitor of the choir, and what happens after a commit."""

import pytest
from django.urls import reverse

from django_useraccounts.testing import PASSWORD, mails_to
from tests.browser.conftest import browser, elsewhere, new_page, page  # noqa: F401


@pytest.fixture
def post(client, django_capture_on_commit_callbacks):
    """Return a function that sends a form to an account page, and lets mails and news go out."""

    def post(name, **data):
        with django_capture_on_commit_callbacks(execute=True):
            return client.post(reverse(f"useraccounts:{name}"), data)

    return post


@pytest.fixture
def register(post):
    """Return a function that registers, and returns the confirmation mail and the answer."""

    def register(username="frida", **data):
        email = f"{username}@example.com"
        form = {"username": username, "email": email, "password": PASSWORD, "voice": "alto"}
        response = post("register", **{**form, **data})
        return next(iter(mails_to(email)), None), response

    return register
