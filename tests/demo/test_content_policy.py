"""
The policy for content: by Django's own middleware from 6.0 on, by one of the guild before.

``.ci/run`` asks on each Django that there is.
"""

import django
import pytest
from django.urls import reverse

pytestmark = pytest.mark.django_db

DJANGOS = "django.middleware.csp.ContentSecurityPolicyMiddleware"
OURS = "testproject.guild.headers.content_policy"
PAGES = ["home", "useraccounts:login", "useraccounts:register", "admin:login"]


def policies(client):
    return [client.get(reverse(name)).headers.get("Content-Security-Policy") for name in PAGES]


def test_the_policy_is_said_by_what_this_django_has(client, whole_site):
    used = [path for path in whole_site.MIDDLEWARE if path in {DJANGOS, OURS}]
    assert used == [DJANGOS if django.VERSION >= (6, 0) else OURS]

    said = policies(client)

    [policy] = set(said)
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives["default-src"] == "'self'"
    assert directives == {name: " ".join(what) for name, what in whole_site.SECURE_CSP.items()}


def test_nothing_else_says_it(client, whole_site):
    whole_site.MIDDLEWARE = [path for path in whole_site.MIDDLEWARE if path not in {DJANGOS, OURS}]

    assert set(policies(client)) == {None}
