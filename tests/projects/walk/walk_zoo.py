"""A user of an app that is migrated after ours, by the order of the alphabet."""

import pytest
from django.contrib.auth import get_user_model

from django_useraccounts.models import OldUsername, Role, UserEmail
from django_useraccounts.testing import make_user

pytestmark = pytest.mark.django_db


def test_all_that_points_at_a_user_points_at_a_keeper():
    noah = make_user("noah", roles=["feeder"], favourite_animal="dove")

    assert noah._meta.label == "zoo.Keeper"
    assert get_user_model().objects.with_roles("feeder").get().favourite_animal == "dove"
    for model in (UserEmail, OldUsername, Role.users.through):
        assert model._meta.get_field("user").related_model is get_user_model()
