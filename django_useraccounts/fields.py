"""The form fields that several rooms share, and the form they stand in."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, ClassVar

from django import forms
from django.contrib.auth.password_validation import (
    CommonPasswordValidator,
    NumericPasswordValidator,
    UserAttributeSimilarityValidator,
    get_default_password_validators,
    validate_password,
)
from django.forms.utils import flatatt
from django.http import QueryDict
from django.urls import reverse
from django.utils.functional import lazy
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from .breached import BreachedPasswordValidator
from .canonical import clean_email, clean_username
from .conf import conf
from .credentials import PASSWORD_MAX_LENGTH
from .errors import TermsChanged
from .models import AbstractUser
from .renderer import AccountRenderer

#: What tells browsers and phones that a name is typed here, not a sentence.
USERNAME_ATTRS = {
    "autocomplete": "username",
    "autocapitalize": "none",
    "autocorrect": "off",
    "spellcheck": "false",
}


class PagesScript(forms.widgets.Script):
    """What the pages do more where scripts run, with the words for it."""

    def __str__(self) -> str:
        return self.render()

    def render(self, *, attrs: dict[str, Any] | None = None) -> SafeString:
        """Return the element; ``attrs``, such as a nonce, are what Django 6.1 adds to all media."""
        # The words not by flatatt, which would cost as much as a field.
        return format_html(
            '<script src="{}" data-show="{}" data-hide="{}" defer{}></script>',
            self.path,
            pgettext("button beside a password", "Show"),
            pgettext("button beside a password", "Hide"),
            flatatt(attrs) if attrs else "",
        )


class AccountForm(forms.Form):
    """A form of the account pages: strings to clean values, in the look of the pages."""

    class Media:
        js = (PagesScript("useraccounts/useraccounts.js"),)

    default_renderer = AccountRenderer()
    #: The fields to be typed twice, by the word for them in USERACCOUNTS["RETYPE"].
    retyped: ClassVar[Mapping[str, str]] = {}

    def __init__(self, data: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(_well_formed(data), *args, **kwargs)
        for word in [word for word in self.retyped if word in conf.RETYPE]:
            self._add_retype(word, after=self.retyped[word])

    def _add_retype(self, word: str, *, after: str) -> None:
        field = deepcopy(self.fields[after])
        field.label, field.help_text = _RETYPE_LABELS[word], ""
        names = list(self.fields)
        names.insert(names.index(after) + 1, f"retype_{word}")
        self.fields[f"retype_{word}"] = field
        self.order_fields(names)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for word, name in self.retyped.items():
            again = cleaned.get(f"retype_{word}")
            if again is not None and name in cleaned and again != cleaned[name]:
                self.add_error(
                    f"retype_{word}", _("This is not the same as above. Please enter it again.")
                )
        return cleaned


_RETYPE_LABELS = {"email": _("E-mail address once more"), "password": _("Password once more")}


def _well_formed(data: Any) -> Any:
    """Replace lone surrogates, which no page and no hash can take; odd charsets make them."""
    if not isinstance(data, QueryDict):
        return data
    clean = QueryDict(mutable=True)
    for name, values in data.lists():
        clean.setlist(name, [value.encode("utf-8", "replace").decode() for value in values])
    return clean


class UsernameField(forms.CharField):
    """A new username, cleaned; whether it is free is the flow's to find out."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            **{
                "label": _("Username"),
                "help_text": _username_help(),
                "widget": forms.TextInput(attrs=USERNAME_ATTRS),
                **kwargs,
            }
        )

    def clean(self, value: Any) -> str:
        name: str = super().clean(value)
        return clean_username(name).text if name else ""


class EmailField(forms.CharField):
    """An address as mail is sent to it; typed with a domain in any script."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            **{
                "label": _("E-mail address"),
                "widget": forms.EmailInput(attrs={"autocomplete": "email"}),
                **kwargs,
            }
        )

    def clean(self, value: Any) -> str:
        text = super().clean(value)
        return clean_email(text).text if text else ""


class TermsInput(forms.CheckboxInput):
    """A checkbox that sends the version of the terms which it stood beside."""

    def __init__(self) -> None:
        super().__init__(check_test=lambda value: bool(value) and value == conf.TERMS_VERSION)

    def format_value(self, value: Any) -> str:
        return conf.TERMS_VERSION

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return data.get(name)


def _terms_label() -> SafeString:
    sentence = gettext('I accept the <a href="{url}" target="_blank">terms of service</a>.')
    return format_html(sentence, url=reverse("useraccounts:terms"))


class TermsField(forms.CharField):
    """The terms of service accepted, in the version that was shown."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            **{
                "label": lazy(_terms_label, str)(),
                "widget": TermsInput(),
                "error_messages": {"required": _("Please accept the terms of service.")},
                **kwargs,
            }
        )

    def clean(self, value: Any) -> str:
        version: str = super().clean(value)
        if version != conf.TERMS_VERSION:
            raise TermsChanged
        return version


#: Rules that hardly anybody meets: told to who breaks one, not to everybody beforehand.
_UNTOLD = (
    BreachedPasswordValidator,
    CommonPasswordValidator,
    NumericPasswordValidator,
    UserAttributeSimilarityValidator,
)


def _password_help_text() -> str:
    told = (v for v in get_default_password_validators() if not isinstance(v, _UNTOLD))
    return " ".join(str(validator.get_help_text()) for validator in told)


def _username_help_text() -> str:
    if conf.UNICODE_USERNAMES:
        return gettext("At least 3 letters, digits, or the signs . _ -")
    return gettext("At least 3 of the letters a to z, digits, or the signs . _ -")


_username_help = lazy(_username_help_text, str)
_password_help = lazy(_password_help_text, str)


class PasswordField(forms.CharField):
    """A password as it was typed, spaces included."""

    def to_python(self, value: Any) -> Any:
        # Data that does not come from an HTML form may hold anything: str() makes a password of it.
        if value is not None and not isinstance(value, str):
            raise forms.ValidationError(self.error_messages["required"], code="required")
        return super().to_python(value)

    def __init__(self, *, autocomplete: str, **kwargs: Any) -> None:
        super().__init__(
            **{
                "label": _("Password"),
                "strip": False,
                "max_length": PASSWORD_MAX_LENGTH,
                "widget": forms.PasswordInput(attrs={"autocomplete": autocomplete}),
                **kwargs,
            }
        )
        # maxlength cuts what is pasted without a word; the sentence beside the field is better.
        self.widget.attrs.pop("maxlength", None)


class NewPasswordInput(forms.PasswordInput):
    """Tells password managers what the validators ask for, and the script its hints."""

    #: How hard to guess it seems, as one of three.
    hints: ClassVar[Mapping[str, Any]] = {
        "data-weak": _(
            "This is easy to guess. Several words that do not belong together are safer."
        ),
        "data-fair": _("This is better. A longer password is safer."),
        "data-strong": _("This is long and varied: good, if you use it nowhere else."),
    }

    def build_attrs(self, base_attrs: Any, extra_attrs: Any = None) -> dict[str, Any]:
        attrs = super().build_attrs({**self.hints, **base_attrs}, extra_attrs)
        validators = get_default_password_validators()
        least = max((getattr(v, "min_length", 0) or 0 for v in validators), default=0)
        # https://developer.apple.com/password-rules/
        return {"passwordrules": f"minlength: {least};", **attrs} if least else attrs


class NewPasswordField(PasswordField):
    """A password to be set; its form, a NewPasswordForm, knows for whom and checks it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            **{
                "autocomplete": "new-password",
                "help_text": _password_help(),
                "widget": NewPasswordInput(attrs={"autocomplete": "new-password"}),
                **kwargs,
            }
        )


class NewPasswordForm(AccountForm):
    """A form that sets a password: checks it by AUTH_PASSWORD_VALIDATORS, beside its field."""

    #: The field that holds the new password.
    checked_field: ClassVar[str] = "new_password"

    def user_for_password(self) -> AbstractUser:
        """Return the user whose name and address the password must not resemble."""
        raise NotImplementedError

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        password = cleaned.get(self.checked_field)
        if password:
            asking, others = _validators()
            self._check(password, others)
            # Nobody is asked about a form that comes back anyway.
            if not self.errors:
                self._check(password, asking)
        return cleaned

    def _check(self, password: str, validators: list[Any]) -> None:
        user: Any = self.user_for_password()
        try:
            validate_password(password, user, validators)
        except forms.ValidationError as error:
            self.add_error(self.checked_field, error)


def _validators() -> tuple[list[Any], list[Any]]:
    """Return the password validators that ask a service, and the others."""
    validators = get_default_password_validators()
    asking = [one for one in validators if isinstance(one, BreachedPasswordValidator)]
    return asking, [one for one in validators if one not in asking]
