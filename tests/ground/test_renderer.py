"""How forms find the templates of their parts, and what is written without one."""

import pytest
from django import forms
from django.template import TemplateDoesNotExist
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy

from django_useraccounts.fields import AccountForm
from django_useraccounts.renderer import INPUTS, AccountRenderer


class Form(AccountForm):
    title = forms.CharField()


def test_widgets_fall_back_on_django(settings, tmp_path):
    # django.forms is not among the apps, so that the project's engine does not find its templates
    renderer = AccountRenderer()

    assert "input" in renderer.get_template("django/forms/widgets/input.html").template.name
    with pytest.raises(TemplateDoesNotExist):
        renderer.get_template("no/such/template.html")

    # and are found once it has some
    own = tmp_path / "django/forms/widgets/input.html"
    own.parent.mkdir(parents=True)
    own.write_text("own")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    assert renderer.get_template("django/forms/widgets/input.html").render({}) == "own"


@pytest.mark.parametrize("template", sorted(INPUTS))
def test_what_is_one_input_for_django_is_one_for_us(template):
    found = AccountRenderer().get_template(template)

    assert found.template.source.strip() == '{% include "django/forms/widgets/input.html" %}'


@pytest.mark.parametrize("template", sorted(INPUTS))
@pytest.mark.parametrize(
    "value, attributes",
    [
        (None, {}),
        ("", {"id": "id_name", "required": True, "autofocus": False}),
        ('<"Zoë\'s">', {"title": '<"Zoë\'s">', "data-<": mark_safe("&amp;")}),
        (mark_safe("&amp;"), {"maxlength": 150, "placeholder": gettext_lazy("Log in")}),
        (True, {"checked": True, "value": "once more", "data-of": None}),
        (("a", 1), {"data-of": ("a", 1)}),
    ],
)
def test_an_input_is_written_as_the_template_of_django_writes_it(
    template, value, attributes, monkeypatch
):
    kind = template.rpartition("/")[2].removesuffix(".html")
    widget = {"type": kind, "name": "na<me", "value": value, "attrs": attributes}
    renderer = AccountRenderer()
    by_template = renderer.render(template, {"widget": widget})

    monkeypatch.delattr(AccountRenderer, "get_template")
    assert renderer.render(template, {"widget": widget}) == by_template


def test_an_input_of_the_project_is_asked_each_time(settings, tmp_path):
    own = tmp_path / "django/forms/widgets/text.html"
    own.parent.mkdir(parents=True)
    own.write_text("own {{ widget.name }}")
    str(Form())
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]

    for _ in range(2):
        assert "own title" in str(Form())
