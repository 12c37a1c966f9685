"""What a site decides otherwise."""

import pytest

from django_useraccounts.policy import Policy, policy
from django_useraccounts.testing import PASSWORD, make_user

pytestmark = pytest.mark.django_db


class Guild(Policy):
    def may_register(self, *, request):
        return False

    def may_log_in(self, user, *, request):
        return user.username != "mallory"


def test_a_site_that_decides_nothing_admits_everybody():
    assert type(policy()) is Policy
    assert policy().may_register(request=None)
    assert policy().may_log_in(make_user(), request=None)


def test_the_class_in_the_settings_answers_from_now_on(set_conf):
    set_conf(POLICY=f"{__name__}.Guild")
    assert type(policy()) is Guild

    set_conf(POLICY="django_useraccounts.policy.Policy")

    assert type(policy()) is Policy


def test_every_question_goes_to_one_object():
    assert policy() is policy()


def test_a_user_whom_the_policy_refuses_reads_what_a_wrong_password_gets(set_conf, client):
    set_conf(POLICY=f"{__name__}.Guild")
    make_user("mallory")
    make_user("maria")
    login = {"identifier": "mallory", "password": PASSWORD}

    refused = client.post("/accounts/login/", login)
    wrong = client.post("/accounts/login/", {**login, "password": "wrong"})

    assert refused.context["form"].errors == wrong.context["form"].errors
    assert "_auth_user_id" not in client.session
    assert client.post("/accounts/login/", {**login, "identifier": "maria"}).status_code == 302


def test_registration_can_be_closed(set_conf, client, django_user_model):
    set_conf(POLICY=f"{__name__}.Guild")
    account = {"username": "maria", "email": "maria@example.com", "password": PASSWORD}

    for response in (
        client.get("/accounts/register/"),
        client.post("/accounts/register/", account),
    ):
        assert response.status_code == 403
        assert "Registration is closed" in response.content.decode()

    assert not django_user_model.objects.exists()
