"""What a new user types."""

from typing import ClassVar

from django.contrib.auth import get_user_model

from ..fields import EmailField, NewPasswordField, NewPasswordForm, UsernameField
from ..models import AbstractUser


class RegisterForm(NewPasswordForm):
    """Username, address and password; extend it for what a project wants to know besides."""

    checked_field: ClassVar[str] = "password"

    username = UsernameField()
    email = EmailField()
    password = NewPasswordField()

    def user_for_password(self) -> AbstractUser:
        user: AbstractUser = get_user_model()(
            username=self.cleaned_data.get("username"), email=self.cleaned_data.get("email", "")
        )
        return user
