"""For pytest: tests that import the user model by its name get that of the project instead."""


def pytest_configure() -> None:
    from django.contrib.auth import get_user_model

    from django_useraccounts import models

    models.User = get_user_model()  # type: ignore[misc]
