"""What a new user types."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib.auth import get_user_model

from ..conf import conf
from ..fields import EmailField, NewPasswordField, NewPasswordForm, TermsField, UsernameField
from ..identity import has_emails, has_usernames
from ..models import AbstractUser


class RegisterForm(NewPasswordForm):
    """
    Username, address and password, as far as people have them here; extend it for more.

    A field that is called like a column of the user model is stored there; what is to be done with
    others says ``RegisterView.save_more``.
    """

    checked_field: ClassVar[str] = "password"
    retyped: ClassVar[Mapping[str, str]] = {"email": "email", "password": "password"}

    username = UsernameField()
    email = EmailField()
    password = NewPasswordField()
    terms = TermsField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].required = conf.USERNAME == "required" or not has_emails()
        absent = [] if has_usernames() else ["username"]
        absent += [] if has_emails() else ["email", "retype_email"]
        absent += [] if conf.TERMS_VERSION else ["terms"]
        for name in absent:
            self.fields.pop(name, None)

    def user_for_password(self) -> AbstractUser:
        user: AbstractUser = get_user_model()(email=self.cleaned_data.get("email", ""))
        user.username = self.cleaned_data.get("username")
        return user

    def user_fields(self) -> dict[str, Any]:
        """Return what goes into columns of the user model besides."""
        columns = {field.name for field in get_user_model()._meta.concrete_fields}
        asked = columns.difference({"username", "email", "password"})
        return {name: value for name, value in self.cleaned_data.items() if name in asked}
