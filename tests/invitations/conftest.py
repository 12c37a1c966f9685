"""Who invites, and what is mailed."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission

from django_useraccounts.models import AbstractUser, Role
from django_useraccounts.testing import make_user


@pytest.fixture
def let_invite(db: None, set_conf: Callable[..., None]) -> Callable[..., AbstractUser]:
    """Make somebody who may invite, and give any role."""

    set_conf(POLICY="tests.invitations.policies.AnyRole")

    def make(username: str = "maria", **fields: Any) -> AbstractUser:
        user = make_user(username, **fields)
        names = ["add_invitation", "add_rolegrant"]
        user.user_permissions.set(Permission.objects.filter(codename__in=names))
        return type(user).objects.get(pk=user.pk)

    return make


@pytest.fixture
def maria(let_invite: Callable[..., AbstractUser]) -> AbstractUser:
    """Somebody who may invite."""
    for name in ("artist", "member"):
        Role.objects.create(name=name, label=name.title())
    return let_invite()


@pytest.fixture
def sent(django_capture_on_commit_callbacks: Callable[..., Any]) -> Callable[[], Any]:
    """Send what is announced in a block."""
    return lambda: django_capture_on_commit_callbacks(execute=True)
