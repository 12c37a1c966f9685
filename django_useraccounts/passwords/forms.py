"""What somebody types about a password."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from ..fields import AccountForm, EmailField, NewPasswordField, NewPasswordForm, PasswordField
from ..models import AbstractUser


class NewPasswordOfUserForm(NewPasswordForm):
    """A new password for a user who is known."""

    retyped: ClassVar[Mapping[str, str]] = {"password": "new_password"}

    new_password = NewPasswordField(label=_("New password"))

    def __init__(self, *args: Any, user: AbstractUser, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def user_for_password(self) -> AbstractUser:
        return self.user


class ChangePasswordForm(NewPasswordOfUserForm):
    """The password as it is, and as it shall be."""

    old_password = PasswordField(label=_("Current password"), autocomplete="current-password")
    field_order = ("old_password", "new_password")


class SetPasswordForm(NewPasswordOfUserForm):
    """The first password of somebody who has none."""


class ForgotPasswordForm(AccountForm):
    """The address that a reset link is mailed to."""

    email = EmailField()


class ResetPasswordForm(NewPasswordOfUserForm):
    """The new password of somebody who has come by a mailed link."""
