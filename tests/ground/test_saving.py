"""Users who are saved by code: the row keeps its password, unless the code has set another one."""

import pytest
from django.db import models, transaction
from django.db.models.signals import post_save

from django_useraccounts.models import AccountEvent, User
from django_useraccounts.passwords.flows import change_password
from django_useraccounts.testing import PASSWORD, make_user

NEW = "another horse, another staple"

pytestmark = pytest.mark.django_db


@pytest.fixture
def maria():
    return User.objects.get(pk=make_user("maria").pk)


def changed_by_its_owner():
    owner = User.objects.get()
    change_password(owner, old_password=PASSWORD, new_password=NEW)
    return owner


def set_by_code():
    return AccountEvent.objects.filter(kind="password_set_by_code").count()


def test_a_copy_from_before_the_password_brings_nothing_back(maria):
    owner = changed_by_its_owner()

    maria.first_name = "Maria"
    maria.save()

    row = User.objects.get()
    assert (row.first_name, row.password) == ("Maria", owner.password)
    assert row.session_epoch == owner.session_epoch
    assert set_by_code() == 0


def test_a_copy_from_before_the_password_learns_nothing_of_it(maria):
    """Or who has come in by the old one would have a session of the new one."""
    owner = changed_by_its_owner()

    maria.save()

    assert maria.get_session_auth_hash() != owner.get_session_auth_hash()
    assert maria.check_password(PASSWORD)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("times", [1, 2])
def test_a_password_that_was_undone_is_written_when_it_is_saved_again(maria, times):
    maria.set_password(NEW)
    with pytest.raises(InterruptedError), transaction.atomic():
        for _time in range(times):
            maria.save()
        raise InterruptedError
    assert User.objects.get().check_password(PASSWORD)

    maria.save()

    assert User.objects.get().check_password(NEW)
    assert set_by_code() == 1


@pytest.mark.django_db(transaction=True)
def test_a_password_that_was_set_brings_no_older_one_back_later(maria):
    maria.set_password("a horse of yesterday")
    maria.save()
    later = User.objects.get()
    later.set_password(NEW)
    later.save()

    maria.save()

    assert User.objects.get().check_password(NEW)


def test_a_password_that_a_receiver_sets_is_written_by_the_next_save(maria):
    def receive(instance, **_more):
        instance.set_password(NEW)

    post_save.connect(receive, sender=User)
    try:
        maria.save()
    finally:
        post_save.disconnect(receive, sender=User)
    assert User.objects.get().check_password(PASSWORD)

    maria.save()

    assert User.objects.get().check_password(NEW)


def test_users_that_were_made_by_the_dozen_are_no_exception():
    [user] = User.objects.bulk_create([User(username="maria")])
    user.set_password(NEW)

    user.save()

    assert User.objects.get().session_epoch == 1
    assert set_by_code() == 1


def test_the_epoch_is_raised_where_it_was_not_loaded(maria):
    user = User.objects.only("password").get()
    user.set_password(NEW)

    user.save()

    assert user.session_epoch == User.objects.get().session_epoch == 1


@pytest.mark.skipif(not hasattr(models, "FETCH_PEERS"), reason="Django has it from 6.1 on")
def test_a_password_that_was_fetched_for_others_is_no_new_one(maria):
    make_user("frida")
    users = User.objects.defer("password").fetch_mode(models.FETCH_PEERS)
    frida, copy = users.order_by("username")
    assert frida.password
    change_password(maria, old_password=PASSWORD, new_password=NEW)

    copy.save()

    assert User.objects.get(pk=maria.pk).check_password(NEW)
    assert set_by_code() == 0
