"""An answer of a provider whose transaction the database has undone is gone on with."""

import pytest

from django_useraccounts.models import AccountEvent
from django_useraccounts.social.flows import connect
from django_useraccounts.testing import make_user
from django_useraccounts.transactions import ATTEMPTS
from tests.ground.test_transactions import undoing
from tests.social.test_connecting import identity
from tests.social.visits import begin, url, user_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("table", ["useraccounts_accountevent", "django_session"])
def test_a_login_that_is_undone_is_made_once_more(client, provider, table):
    maria = make_user("maria")
    connect(maria, identity())
    callback = provider.agree(begin(client))

    with undoing(ATTEMPTS - 1, table) as met:
        response = client.get(callback)

    assert (len(met), response.status_code) == (ATTEMPTS - 1, 302)
    assert user_of(client) == str(maria.pk)
    assert client.get(url("profile")).status_code == 200
    assert provider.calls["token"] == 1
    assert not AccountEvent.objects.filter(kind="social_login_refused").exists()
    assert not client.session.get("useraccounts_social_attempts")
