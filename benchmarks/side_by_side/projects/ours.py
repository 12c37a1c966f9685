"""This app, by its quickstart: limits and audit in the database, mail carried by a thread."""

from dataclasses import replace
from typing import Any

from django.contrib.sessions.models import Session

from django_useraccounts.courier import courier
from django_useraccounts.models import UserEmail
from django_useraccounts.testing import make_user

from ...guarded_page import ROLES
from ..browser import Answer, Ask
from .base import MARIA, PASSWORD, ProjectWithAddresses


class Site(ProjectWithAddresses):
    paths = {
        "login": "/accounts/login/",
        "register": "/accounts/register/",
        "forgot": "/accounts/forgot-password/",
        "change": "/accounts/change-password/",
        "add": "/accounts/add-email/",
        "addresses": "/accounts/emails/",
        "role": "/ours-roles/",
    }
    identifier = "identifier"
    new_password = ("new_password",)
    first_password = ("password",)
    old_password = "old_password"
    refusal = "do not match"
    buttons = {"confirm": {"answer": "confirm"}}

    def make_maria(self) -> Any:
        return make_user("maria", MARIA, PASSWORD, roles=ROLES, language="en-us")

    def finish(self) -> None:
        assert courier.finish(seconds=120)

    def has_address(self, email: str) -> bool:
        return UserEmail.objects.filter(email=email).exists()

    def has_proved(self, email: str) -> bool:
        return UserEmail.objects.confirmed().filter(email=email).exists()

    def confirm_at_home(self) -> Ask:
        """Confirm with the browser that has registered, which is logged in by that."""
        browser = self.browser()
        ask = self.confirm_with(browser, registers_with=browser)

        def proof(answer: Answer) -> None:
            ask.proof(answer)
            assert Session.objects.get(pk=answer.cookies["sessionid"]).get_decoded()[
                "_auth_user_id"
            ]

        return replace(ask, proof=proof)
