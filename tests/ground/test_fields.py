"""The form fields that the rooms share, and how they become HTML."""

import re
from pathlib import Path

import pytest
from django import forms
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.files.base import ContentFile
from django.forms.renderers import TemplatesSetting
from django.urls import get_resolver
from django.utils import translation

from django_useraccounts.credentials import PASSWORD_MAX_LENGTH
from django_useraccounts.fields import (
    AccountForm,
    EmailField,
    NewPasswordField,
    NewPasswordForm,
    PasswordField,
    UsernameField,
)
from django_useraccounts.models import User


class Form(NewPasswordForm):
    username = UsernameField()
    email = EmailField()
    old_password = PasswordField(autocomplete="current-password")
    new_password = NewPasswordField()
    secret = forms.CharField(widget=forms.HiddenInput, required=False)

    def user_for_password(self):
        return User(username=self.cleaned_data.get("username"))


VALID = {
    "username": " Frida ",
    "email": " Frida@EXAMPLE.com ",
    "old_password": " old ",
    "new_password": "  correct horse battery  ",
}


def test_strings_become_clean_values():
    form = Form(VALID)

    assert form.is_valid(), form.errors
    assert form.cleaned_data["username"] == "Frida"
    assert form.cleaned_data["email"] == "Frida@example.com"
    assert form.cleaned_data["old_password"] == " old "
    assert form.cleaned_data["new_password"] == "  correct horse battery  "


def test_every_field_that_is_missing_says_so():
    form = Form({})

    assert form.errors == {
        name: ["This field is required."]
        for name in ("username", "email", "old_password", "new_password")
    }


@pytest.mark.parametrize(
    "field, value, sentence",
    [
        ("username", "ab", "A username has at least 3 characters."),
        ("username", "admin", "This username is reserved. Please choose another one."),
        ("username", "fri\0da", "Null characters are not allowed."),
        ("email", "frida", "Enter an e-mail address like name@example.com."),
        ("email", "frida@exam\0ple.com", "Null characters are not allowed."),
        ("email", f"{'a' * 64}@{'b' * 300}.com", "This e-mail address is too long."),
        ("old_password", "a\0b", "Null characters are not allowed."),
        ("new_password", "a\0b", "Null characters are not allowed."),
        (
            "new_password",
            "x" * 1_000_001,
            "Ensure this value has at most 1000 characters (it has 1000001).",
        ),
        (
            "new_password",
            "short",
            "This password is too short. It must contain at least 8 characters.",
        ),
        ("new_password", "Frida123", "The password is too similar to the username."),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_lost(field, value, sentence):
    form = Form({**VALID, field: value})

    assert form.errors == {field: [sentence]}
    kept = {name: form[name].value() for name in VALID if name != field}
    assert kept == {name: text for name, text in VALID.items() if name != field}


@pytest.mark.parametrize("value", [["Frida"], {"a": 1}, ("x",) * 9, [[["a" * 20]]]])
@pytest.mark.parametrize("name", VALID)
def test_a_list_where_a_string_belongs_is_refused(name, value):
    # as a program may send it by JSON
    form = Form({**VALID, name: value})

    assert name in form.errors


@pytest.mark.asvs("6.2.7")
def test_the_longest_password_is_taken_and_typed_without_a_limit():
    password = "correct horse battery staple " * 34
    assert len(password) < PASSWORD_MAX_LENGTH == 1000

    form = Form({**VALID, "new_password": password})

    assert form.is_valid(), form.errors
    assert "maxlength" not in form["new_password"].as_widget()


def test_a_password_is_checked_only_when_there_is_one():
    form = Form({**VALID, "new_password": ""})

    assert form.errors == {"new_password": ["This field is required."]}


def test_the_one_who_writes_a_form_says_for_whom_the_password_is():
    class Forgetful(NewPasswordForm):
        new_password = NewPasswordField()

    with pytest.raises(NotImplementedError):
        Forgetful({"new_password": "correct horse"}).is_valid()


@pytest.mark.asvs("6.2.6")
def test_no_form_of_the_accounts_shows_a_password():
    assert get_resolver().url_patterns  # imports them all
    fields = {
        (form.__name__, name): field.widget.input_type
        for form in _all_forms(AccountForm)
        for name, field in form.base_fields.items()
        if "password" in name
    }

    assert {form for form, _name in fields} >= {"LoginForm", "RegisterForm", "ChangePasswordForm"}
    assert set(fields.values()) == {"password"}


def _all_forms(form):
    for subclass in form.__subclasses__():
        if subclass.__module__.startswith("django_useraccounts."):
            yield subclass
            yield from _all_forms(subclass)


@pytest.mark.asvs("6.2.7")
def test_browsers_and_password_managers_know_what_to_fill_in():
    form = Form()

    assert form.fields["username"].widget.attrs["autocomplete"] == "username"
    assert form.fields["email"].widget.attrs["autocomplete"] == "email"
    assert form.fields["old_password"].widget.attrs["autocomplete"] == "current-password"
    assert form.fields["new_password"].widget.attrs["autocomplete"] == "new-password"
    assert form.fields["new_password"].widget.input_type == "password"


def test_password_managers_make_what_the_validators_let_pass(settings):
    rules = re.compile(r'passwordrules="([^"]*)"')
    form = Form()
    assert rules.findall(str(form["new_password"])) == ["minlength: 8;"]
    assert not rules.findall(str(form["old_password"]))

    name = "django.contrib.auth.password_validation.MinimumLengthValidator"
    settings.AUTH_PASSWORD_VALIDATORS = [{"NAME": name, "OPTIONS": {"min_length": 15}}]
    assert rules.findall(str(form["new_password"])) == ["minlength: 15;"]

    settings.AUTH_PASSWORD_VALIDATORS = []
    assert not rules.findall(str(form["new_password"]))


class Lenient:
    """Stands in for a validator that can ask for a length, and was not told to."""

    min_length = None

    def get_help_text(self):
        return ""


def test_a_validator_that_was_told_no_length_asks_for_none(settings):
    names = [
        "django.contrib.auth.password_validation.MinimumLengthValidator",
        f"{__name__}.Lenient",
    ]
    settings.AUTH_PASSWORD_VALIDATORS = [{"NAME": name} for name in names]

    assert 'passwordrules="minlength: 8;"' in str(Form()["new_password"])


def test_a_field_may_say_other_rules_and_hints():
    attrs = {"passwordrules": "minlength: 20;", "data-weak": "Tsk."}
    form = Form()
    form.fields["new_password"].widget.attrs |= attrs

    html = str(form["new_password"])

    assert html.count("passwordrules=") == html.count("data-weak=") == 1
    assert 'passwordrules="minlength: 20;"' in html
    assert 'data-weak="Tsk."' in html


def test_only_a_new_password_is_judged_in_the_language_of_the_page():
    form = Form()

    with translation.override("en"):
        html = str(form["new_password"])

    sentences = re.findall(r' data-(\w+)="([^"]+)\."', html)
    assert [name for name, _sentence in sentences] == ["weak", "fair", "strong"]
    assert "data-" not in str(form["old_password"])


def test_the_script_comes_with_every_form_by_its_media():
    class Rated(forms.TextInput):
        class Media:
            js = ("stars.js",)

    class Rating(AccountForm):
        stars = forms.CharField(widget=Rated())

    media = str(Rating().media)

    ours = '<script src="/static/useraccounts/useraccounts.js" data-show="Show" data-hide="Hide" defer></script>'
    assert ours in media
    assert 'src="/static/stars.js"' in media
    # and once, whatever a page has of forms
    assert str(Form().media + Rating().media).count("useraccounts.js") == 1


def test_the_script_has_what_a_site_adds_to_all_media():
    # Django 6.1 calls it so, with the nonce of its content policy.
    [script] = Form().media._js

    assert script.render(attrs={"nonce": '"x"'}).endswith(' defer nonce="&quot;x&quot;"></script>')
    if hasattr(forms.widgets.MediaAsset, "render"):
        assert script.render(attrs={"nonce": "x"}) in Form().media.render(attrs={"nonce": "x"})


def test_the_script_may_be_called_by_its_hash(settings, tmp_path):
    backend = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": backend}}
    settings.STATIC_ROOT, settings.DEBUG = tmp_path, False
    files = {}
    for name in ("useraccounts/useraccounts.js", "useraccounts/useraccounts.css"):
        staticfiles_storage.save(name, ContentFile(Path(finders.find(name)).read_bytes()))
        files[name] = (staticfiles_storage, name)
    assert all(done is True for _name, _hashed, done in staticfiles_storage.post_process(files))

    media = str(Form().media)

    assert re.search(r'src="/static/useraccounts/useraccounts\.[0-9a-f]{12}\.js"', media)


def test_a_password_is_never_sent_back():
    html = str(Form({**VALID, "username": "ab", "new_password": "my secret words"}))

    assert "my secret words" not in html
    assert "A username has at least 3 characters." in html


def test_what_makes_a_good_password_is_told_as_the_project_sets_it(settings):
    help_text = str(NewPasswordField().help_text)
    assert "at least 8 characters" in help_text
    assert "<" not in help_text

    settings.AUTH_PASSWORD_VALIDATORS = [
        {
            "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
            "OPTIONS": {"min_length": 15},
        }
    ]

    assert "at least 15 characters" in str(NewPasswordField().help_text)


# How forms become HTML


def test_a_form_is_rendered_by_the_templates_of_the_accounts():
    html = str(Form())

    for name in VALID:
        assert f'name="{name}"' in html
        assert f'<label for="id_{name}"' in html
    assert 'type="hidden" name="secret"' in html


def test_one_template_of_the_project_restyles_every_field(settings, tmp_path):
    (tmp_path / "useraccounts").mkdir()
    (tmp_path / "useraccounts" / "field.html").write_text("<i>{{ field.name }}</i>")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]

    html = str(Form())

    for name in VALID:
        assert f"<i>{name}</i>" in html


def test_a_project_may_choose_another_renderer_for_its_own_forms():
    class Own(AccountForm):
        default_renderer = TemplatesSetting
        name = forms.CharField()

    assert isinstance(Own().renderer, TemplatesSetting)
