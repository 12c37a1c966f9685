"""A note is plain text: nothing in it that a mail program would make a link of."""

import pytest

from django_useraccounts.invitations.errors import InvalidNote
from django_useraccounts.invitations.models import clean_note


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Come and join us!",
        "Dear Frida,\n\nwe miss you. Bring cake.\nMaria",
        "See you at 7.30, for 3.50 each, e.g. on Friday…",
        "We are 1.000 people... and you?",
        "¿Vienes? Простo так. 來吧。 快樂",
        "Me & you <3 {{ user }} {% now %}",
        "x" * 500,
    ],
)
def test_what_people_write_stays_as_it_is(text):
    assert clean_note(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "https://evil.example/",
        "HTTP://evil",
        "javascript://x",
        "ftp://evil",
        "see www.evil",
        "mailto:me",
        "evil.example",
        "Evil.Example/win",
        "click evil.example.",
        "write to me@evil",
        "evil\u200b.exa\u00admple",
        "e\u2060vil.example",
        "ｅｖｉｌ．ｅｘａｍｐｌｅ",
        "evil。example",
        "evil｡example",
        "пример.рф",
        "10.0.0.1",
        "Hello.How are you?",
        "evil\u202e.example",
    ],
)
def test_what_looks_like_a_link_is_refused(text):
    with pytest.raises(InvalidNote, match="no links"):
        clean_note(text)


@pytest.mark.parametrize("length", [501, 1001, 10**6])
def test_a_long_note_is_refused(length):
    with pytest.raises(InvalidNote, match="too long"):
        clean_note("x" * length)


def test_what_does_not_print_is_left_out():
    assert clean_note("  Dear\tFrida,\r\n\0come\u202e \ud800here\u2028now \n\n") == (
        "Dear Frida,\ncome here\nnow"
    )
