"""This app, stock ``django.contrib.auth`` and django-allauth, each as a project of its own."""

from collections.abc import Mapping

#: The three, with what they are called in the tables.
KINDS: Mapping[str, str] = {
    "ours": "django_useraccounts",
    "stock": "django.contrib.auth",
    "allauth": "django-allauth",
}

#: What is done, by the name of the method of a project that prepares it.
SCENARIOS: Mapping[str, str] = {
    "login_page": "login page",
    "login_by_username": "login by username",
    "login_by_email": "login by e-mail",
    "wrong_password": "wrong password",
    "unknown_name": "unknown name",
    "guarded_page": "login-guarded page",
    "role_guarded_page": "role-guarded page",
    "register": "register",
    "confirm": "confirm, other browser",
    "confirm_at_home": "confirm, logs in",
    "forgot_known": "forgot, known",
    "forgot_unknown": "forgot, unknown",
    "reset": "reset, POST",
    "change_password": "change password",
    "add_address": "add address",
    "addresses_page": "addresses page",
}
