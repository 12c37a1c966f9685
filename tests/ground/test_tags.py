"""What the template tags of the ground floor make of texts."""

import pytest
from django.template import engines

TEMPLATE = "{% load useraccounts %}{{ text|unbroken }}"


@pytest.mark.parametrize(
    "text, html",
    [
        ("Your e-mail addresses", 'Your <span class="ua-word">e-m</span>ail addresses'),
        ("Ваши e-mail", 'Ваши <span class="ua-word">e-m</span>ail'),
        ("A well-known page", "A well-known page"),
        ("- or -", "- or -"),
        ("<b>&amp;</b>", "&lt;b&gt;&amp;amp;&lt;/b&gt;"),
    ],
)
def test_one_letter_before_a_hyphen_stays_with_its_word(text, html):
    assert engines["django"].from_string(TEMPLATE).render({"text": text}) == html


def test_markup_around_a_sentence_is_left_as_it_is():
    text = '{% load useraccounts %}{% filter unbroken %}<i title="e-mail" class="x-y">e-mail</i>{% endfilter %}'

    html = engines["django"].from_string(text).render({})

    assert html == ('<i title="e-mail" class="x-y"><span class="ua-word">e-m</span>ail</i>')
