"""What somebody types about the own account."""

from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.forms.models import model_to_dict
from django.utils.translation import gettext_lazy as _

from ..fields import AccountForm, UsernameField
from ..models import AbstractUser

#: What browsers and phones fill in by themselves, by the name of the column.
_AUTOCOMPLETE = {"first_name": "given-name", "last_name": "family-name"}


class ChangeUsernameForm(AccountForm):
    """Another username."""

    username = UsernameField(label=_("New username"))


class EditProfileForm(AccountForm):
    """The columns that the user model names in PROFILE_FIELDS, as they are now."""

    def __init__(self, *args: Any, user: AbstractUser, **kwargs: Any) -> None:
        names = user.PROFILE_FIELDS
        super().__init__(*args, **{**kwargs, "initial": model_to_dict(user, fields=names)})
        self.fields.update(forms.fields_for_model(get_user_model(), fields=names))
        for name in _AUTOCOMPLETE.keys() & self.fields.keys():
            self.fields[name].widget.attrs["autocomplete"] = _AUTOCOMPLETE[name]
