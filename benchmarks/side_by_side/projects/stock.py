"""``django.contrib.auth``: no addresses of their own, so none to confirm, list or log in by."""

from dataclasses import replace
from typing import Any

from django.contrib.auth.models import User

from ..browser import Answer, Ask
from .base import MARIA, PASSWORD, Project


class Site(Project):
    paths = {
        "login": "/accounts/login/",
        "register": "/accounts/register/",
        "forgot": "/accounts/forgot/",
        "change": "/accounts/change/",
        "role": "/group/",
    }
    identifier = "username"
    new_password = ("new_password1", "new_password2")
    old_password = "old_password"
    refusal = "Please enter a correct username"

    def make_maria(self) -> Any:
        return User.objects.create_user("maria", MARIA, PASSWORD)

    def register(self) -> Ask:
        typed = {"username": "frida", "password1": PASSWORD, "password2": PASSWORD}

        def proof(answer: Answer) -> None:
            assert answer.status == 302 and User.objects.filter(username="frida").exists()

        return replace(self.browser().ask_form(self.paths["register"], **typed), proof=proof)
