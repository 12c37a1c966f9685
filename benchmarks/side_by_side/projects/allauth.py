"""django-allauth, by its quickstart: login by both names, links by mail, its limits as shipped."""

from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from rolepermissions.roles import assign_role

from ...guarded_page import ROLES
from .base import MARIA, PASSWORD, ProjectWithAddresses


class Site(ProjectWithAddresses):
    paths = {
        "login": "/accounts/login/",
        "register": "/accounts/signup/",
        "forgot": "/accounts/password/reset/",
        "change": "/accounts/password/change/",
        "add": "/accounts/email/",
        "addresses": "/accounts/email/",
        "role": "/role-package/",
    }
    new_password = ("password1", "password2")
    first_password = ("password1", "password2")
    old_password = "oldpassword"
    refusal = "password you specified are not correct"
    buttons = {"add": {"action_add": ""}}

    def make_maria(self) -> Any:
        maria = User.objects.create_user("maria", MARIA, PASSWORD)
        EmailAddress.objects.create(user=maria, email=MARIA, verified=True, primary=True)
        return maria

    def settle(self) -> None:
        super().settle()
        for name in ROLES:
            assign_role(self.maria, name)

    def has_address(self, email: str) -> bool:
        return EmailAddress.objects.filter(email=email).exists()

    def has_proved(self, email: str) -> bool:
        return EmailAddress.objects.filter(email=email, verified=True).exists()
