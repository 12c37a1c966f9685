"""The tags for the elements of a page: what a template says, and what becomes of it."""

import pytest
from django import forms
from django.template import TemplateSyntaxError, engines
from django.urls import NoReverseMatch

from django_useraccounts.fields import AccountForm


def render(template, **context):
    return (
        engines["django"].from_string("{% load useraccounts %}" + template).render(context).strip()
    )


@pytest.mark.parametrize(
    "tag, html",
    [
        ("{% button %}", '<button class="ua-button ua-primary" type="submit">Save</button>'),
        (
            '{% button look="danger" name="answer" value="no" %}',
            '<button class="ua-button ua-danger" type="submit" name="answer" value="no">Save</button>',
        ),
        ('{% button look="link" %}', '<button class="ua-link" type="submit">Save</button>'),
        (
            '{% button look="quiet" to="useraccounts:login" next="/a?b=c" %}',
            '<a class="ua-button ua-quiet" href="/accounts/login/?next=%2Fa%3Fb%3Dc">Save</a>',
        ),
        (
            '{% button to="useraccounts:remove_email" arg=7 %}',
            '<a class="ua-button ua-primary" href="/accounts/remove-email/7/">Save</a>',
        ),
        ('{% button to="/" %}', '<a class="ua-button ua-primary" href="/">Save</a>'),
        ('{% button to="" %}', '<a class="ua-button ua-primary" href="">Save</a>'),
    ],
)
def test_a_button_sends_its_form_or_is_a_link(tag, html):
    assert render(tag + " Save {% endbutton %}") == html


def test_what_a_button_says_is_escaped_once():
    text = "{% button to=path %}{{ label }} <b>now</b>{% endbutton %}"

    html = render(text, label="A & B", path='/"><script>')

    assert ">A &amp; B <b>now</b></a>" in html
    assert "<script>" not in html


@pytest.mark.parametrize("tag", ['{% button "danger" %}', '{% button looks="danger" %}'])
def test_a_button_is_told_everything_by_name(tag):
    with pytest.raises(TemplateSyntaxError):
        render(tag + "Save{% endbutton %}")


def test_a_name_that_leads_nowhere_is_an_error():
    with pytest.raises(NoReverseMatch):
        render('{% button to="useraccounts:nowhere" %}Save{% endbutton %}')


class Order(AccountForm):
    cake = forms.CharField(widget=forms.TextInput(attrs={"class": "wide"}))
    size = forms.ChoiceField(choices=[("s", "Small"), ("l", "Large")], widget=forms.RadioSelect)


def test_an_input_has_its_own_classes_those_of_the_template_and_those_of_an_error():
    tag = '{% widget field class="form-control" error_class="is-invalid" placeholder="Which?" %}'

    fresh = render(tag, field=Order()["cake"])
    refused = render(tag, field=Order({"cake": ""})["cake"])

    assert 'class="wide form-control"' in fresh and 'placeholder="Which?"' in fresh
    assert 'class="wide form-control is-invalid"' in refused and 'aria-invalid="true"' in refused


def test_each_choice_can_stand_in_html_of_the_site_and_the_form_is_left_as_it_was():
    form = Order({"size": "l"})
    tag = '{% for choice in field %}{% widget choice class="form-check-input" %}|{% endfor %}'

    small, large, _ = render(tag, field=form["size"]).split("|")

    assert 'class="form-check-input"' in small and "checked" not in small
    assert 'class="form-check-input"' in large and "checked" in large
    assert "form-check-input" not in str(Order()["size"])
    assert "label" not in small
