"""One ASCII key for an e-mail address and one for a username."""

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from django_useraccounts.canonical import (
    EMAIL_MAX_LENGTH,
    KEY_MAX_LENGTH,
    USERNAME_MAX_LENGTH,
    Name,
    _fold,
    clean_email,
    clean_username,
    email_key,
    shown_email,
    username_key,
)
from django_useraccounts.errors import InvalidEmail, InvalidUsername
from django_useraccounts.policy import Policy

#: Any text at all, lone surrogates and NUL included.
ANYTHING = st.text(st.characters(exclude_categories=()), max_size=300)
#: Texts that come close to an address: what random letters never do.
NEARLY_EMAIL = st.builds(
    "{}@{}.{}".format,
    st.text(st.characters(codec="ascii"), max_size=70),
    st.text(st.characters(exclude_categories=()), max_size=70),
    st.sampled_from(["com", "de", "рф", "COM", "c", "xn--p1ai", "。com", ""]),
)
thoroughly = settings(deadline=None, max_examples=300)

INVISIBLE = {
    "zero-width space": "\u200b",
    "zero-width non-joiner": "\u200c",
    "zero-width joiner": "\u200d",
    "word joiner": "\u2060",
    "byte order mark": "\ufeff",
    "soft hyphen": "\u00ad",
    "right-to-left override": "\u202e",
    "left-to-right isolate": "\u2066",
    "variation selector": "\ufe0f",
    "hangul filler": "\u3164",
    "tag letter": "\U000e0061",
    "NUL": "\0",
    "line break": "\n",
    "tabulator": "\t",
    "lone surrogate": "\ud800",
    "private use": "\ue000",
    "unassigned": "\U000e0fff",
}


# Addresses


@pytest.mark.parametrize(
    "typed, text, key",
    [
        ("maria@example.com", "maria@example.com", "maria@example.com"),
        ("  Maria@Example.COM\n", "Maria@example.com", "maria@example.com"),
        ("a+news@example.com", "a+news@example.com", "a+news@example.com"),
        ("a.b@example.com", "a.b@example.com", "a.b@example.com"),
        ("o'neill@example.com", "o'neill@example.com", "o'neill@example.com"),
        ("{{7*7}}@example.com", "{{7*7}}@example.com", "{{7*7}}@example.com"),
        ("%s@example.com", "%s@example.com", "%s@example.com"),
        ("x@faß.de", "x@xn--fa-hia.de", "x@xn--fa-hia.de"),
        ("x@fass.de", "x@fass.de", "x@fass.de"),
        ("x@BÜCHER.example", "x@xn--bcher-kva.example", "x@xn--bcher-kva.example"),
        ("x@XN--BCHER-KVA.example", "x@xn--bcher-kva.example", "x@xn--bcher-kva.example"),
        ("x@exa。mple.com", "x@exa.mple.com", "x@exa.mple.com"),
        ("x@exa．mple.com", "x@exa.mple.com", "x@exa.mple.com"),
        ("x@ｅｘａｍｐｌｅ.com", "x@example.com", "x@example.com"),
        ("x@пример.рф", "x@xn--e1afmkfd.xn--p1ai", "x@xn--e1afmkfd.xn--p1ai"),
        (f"{'a' * 64}@example.com", f"{'a' * 64}@example.com", f"{'a' * 64}@example.com"),
    ],
)
def test_an_address_is_stored_as_mail_is_sent_to_it(typed, text, key):
    assert clean_email(typed) == Name(text, key)
    assert email_key(typed) == key


def test_domains_that_older_rules_took_for_one_stay_apart():
    assert email_key("x@faß.de") != email_key("x@fass.de")


def test_the_local_part_keeps_its_capitals_and_its_key_does_not():
    name = clean_email("Maria.Lopez@example.com")

    assert name.text == "Maria.Lopez@example.com"
    assert name.key == clean_email("MARIA.lopez@EXAMPLE.com").key


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "maria",
        "@",
        "@example.com",
        "maria@",
        "maria@@example.com",
        "maria@example",
        "maria@.com",
        "maria@example..com",
        "maria@example.com.",
        "maria@-example.com",
        "maria@example.c",
        "maria@exam ple.com",
        "maria@exam_ple.com",
        "maria@[127.0.0.1]",
        "maria@example.com,eve@example.com",
        "maria@example.com;eve@example.com",
        "maria@example.com eve@example.com",
        "Maria <maria@example.com>",
        "maria@example.com>",
        "maria@example.com\nBcc: eve@example.com",
        "maria\n@example.com",
        "maria@exam\0ple.com",
        "maria\0@example.com",
        "maria@exam\ud800ple.com",
        "maria@exam\u202eple.com",
        "maria@a\u200db.com",
        "maria@xn--example.com",
        "maria@xn--a.com",
        '"maria lopez"@example.com',
        '"maria@example"@example.com',
        ".maria@example.com",
        "maria.@example.com",
        "mar..ia@example.com",
        "mar(ia)@example.com",
        "mar,ia@example.com",
        f"{'a' * 65}@example.com",
        f"x@{'a' * 64}.com",
        "['maria@example.com']",
        "x@א1a.com",
    ],
)
def test_what_is_no_address_is_refused_with_a_sentence(typed):
    with pytest.raises(InvalidEmail) as caught:
        clean_email(typed)

    assert caught.value.messages == ["Enter an e-mail address like name@example.com."]
    assert caught.value.field == "email"
    assert email_key(typed) == ""


@pytest.mark.parametrize("typed", ["zoë@example.com", "mıke@example.com", "ｍike@example.com"])
def test_a_local_part_beyond_ascii_is_refused_with_the_reason(typed):
    with pytest.raises(InvalidEmail) as caught:
        clean_email(typed)

    assert caught.value.messages == [
        "The part before the @ may only have the letters a to z, digits and signs."
    ]


@pytest.mark.parametrize("sign", INVISIBLE.values(), ids=INVISIBLE)
def test_no_invisible_sign_makes_a_second_address_of_one(sign):
    for text in (f"ma{sign}ria@example.com", f"maria@ex{sign}ample.com"):
        # refused, or, in a domain, dropped as UTS 46 says: never another address that looks the same
        assert email_key(text) in {"", "maria@example.com"}

    assert email_key(f"ma{sign}ria@example.com") == ""


@pytest.mark.parametrize(
    "typed",
    [
        f"{'a' * 64}@{'b' * 60}.{'c' * 60}.{'d' * 60}.example",
        # 80 characters as typed, 256 in ASCII
        "xxxx@" + "字üб." * 16 + "example.com",
        "x" * 1_000_000 + "@example.com",
        "x@" + "\u0301" * 1_000_000,
    ],
    ids=["typed", "normalised", "local part of a million", "a million marks"],
)
def test_an_address_that_is_too_long_before_or_after_normalising_is_refused(typed):
    with pytest.raises(InvalidEmail):
        clean_email(typed)

    assert email_key(typed) == ""


def test_the_longest_address_is_254_characters():
    longest = f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 57}.com"

    assert len(longest) == EMAIL_MAX_LENGTH == 254
    assert clean_email(longest).text == longest
    with pytest.raises(InvalidEmail, match="too long"):
        clean_email(longest.replace(".com", ".name"))


@pytest.mark.parametrize(
    "stored, shown",
    [
        ("Maria@example.com", "Maria@example.com"),
        ("x@xn--fa-hia.de", "x@faß.de"),
        ("x@xn--bcher-kva.example", "x@bücher.example"),
        ("x@xn--a.com", "x@xn--a.com"),
        ("", ""),
        ("no address", "no address"),
    ],
)
def test_an_address_is_shown_as_people_write_it(stored, shown):
    assert shown_email(stored) == shown


@given(ANYTHING | NEARLY_EMAIL)
@example("x@İ.com")
@example("x@" + "a" * 63 + ".com")
@example("x@xn--.com")
@thoroughly
def test_any_text_is_an_address_or_refused_and_a_cleaned_one_stays_as_it_is(text):
    try:
        name = clean_email(text)
    except InvalidEmail:
        assert email_key(text) == ""
        return

    assert clean_email(name.text) == name
    assert clean_email(name.key).key == name.key == email_key(name.text)
    assert name.text.isascii()
    assert len(name.text) <= EMAIL_MAX_LENGTH
    assert name.text.count("@") == 1
    assert clean_email(shown_email(name.text)) == name


@given(ANYTHING)
@thoroughly
def test_any_stored_text_can_be_shown(text):
    assert isinstance(shown_email(text), str)


# Usernames


@pytest.mark.parametrize(
    "typed, text",
    [
        ("maria", "maria"),
        ("  Maria  ", "Maria"),
        ("m.a_r-ia", "m.a_r-ia"),
        ("abc", "abc"),
        ("007", "007"),
        ("ｍａｒｉａ", "maria"),
        ("\u212aelvin", "Kelvin"),
        ("ma²", "ma2"),
        ("a" * USERNAME_MAX_LENGTH, "a" * USERNAME_MAX_LENGTH),
    ],
)
def test_a_username_is_stored_in_one_spelling(typed, text):
    assert clean_username(typed).text == text


@pytest.mark.parametrize(
    "one, other",
    [
        ("Maria", "maria"),
        (" maria ", "MARIA"),
        ("ｍaria", "maria"),
        ("Straße", "STRASSE"),
        ("ſam", "sam"),
        ("\u212aim", "kim"),
        ("zoë", "ZOE\u0308"),
    ],
)
def test_spellings_of_one_username_have_one_key(one, other):
    assert username_key(one) == username_key(other) != ""


@pytest.mark.parametrize(
    "one, other",
    [("zoe", "zoë"), ("mike", "mıke"), ("admin", "аdmin"), ("maria", "maria1"), ("a-b", "a_b")],
)
def test_usernames_that_databases_may_take_for_one_have_two_keys(one, other):
    assert username_key(one) != username_key(other)


@pytest.mark.asvs("2.2.1")
@pytest.mark.parametrize(
    "typed, sentence",
    [
        ("", "A username has at least 3 characters."),
        ("   ", "A username has at least 3 characters."),
        ("ab", "A username has at least 3 characters."),
        ("a" * 65, "A username has at most 64 characters."),
        ("\u0301" * 1_000_000, "A username has at most 64 characters."),
        (".maria", "A username starts and ends with a letter or a digit."),
        ("maria-", "A username starts and ends with a letter or a digit."),
        ("...", "A username starts and ends with a letter or a digit."),
        *(
            (
                typed,
                "Please use only the letters a to z, digits, and the signs . _ - in a username.",
            )
            for typed in [
                "maria@example.com",
                "maria lopez",
                "maria\nlopez",
                "maría",
                "аdmin",
                "ad\u0131n",
                "m<b>ria",
                "maria/..",
                "maria%00",
                "['maria']",
                "\ufdfamaria",
                "١٢٣",
            ]
        ),
    ],
)
def test_what_is_no_username_is_refused_with_a_sentence(typed, sentence):
    with pytest.raises(InvalidUsername) as caught:
        clean_username(typed)

    assert caught.value.messages == [sentence]
    assert caught.value.field == "username"


@pytest.mark.parametrize("unicode_usernames", [False, True])
@pytest.mark.parametrize("sign", INVISIBLE.values(), ids=INVISIBLE)
def test_no_username_has_an_invisible_sign(set_conf, sign, unicode_usernames):
    set_conf(UNICODE_USERNAMES=unicode_usernames)

    with pytest.raises(InvalidUsername):
        clean_username(f"ma{sign}ria")


@pytest.mark.parametrize(
    "typed", ["admin", "ADMIN", "Admin", " root ", "Ｒｏｏｔ", "www", ".well-known"]
)
def test_a_reserved_name_is_refused_in_any_case(typed):
    with pytest.raises(InvalidUsername):
        clean_username(typed)


class Bosses(Policy):
    # Written with a capital, and reserved all the same.
    reserved_usernames = frozenset({"Boss"})


def test_a_site_reserves_names_of_its_own(set_conf):
    set_conf(POLICY=f"{__name__}.Bosses")

    with pytest.raises(InvalidUsername) as caught:
        clean_username("BoSS")

    assert caught.value.messages == ["This username is reserved. Please choose another one."]
    assert clean_username("admin").text == "admin"


@pytest.mark.parametrize(
    "typed",
    ["maría", "Straße", "дмитрий", "山田太郎", "やまだ太郎", "ヤマダ", "김철수", "מרים", "zoë-7"],
)
def test_a_site_may_admit_letters_of_every_alphabet(set_conf, typed):
    set_conf(UNICODE_USERNAMES=True)

    name = clean_username(typed)

    assert name.text == typed
    assert name.key.isascii()


@pytest.mark.parametrize(
    "typed, sentence",
    [
        ("аdmin", "Please use letters of one alphabet only."),
        ("mаriа", "Please use letters of one alphabet only."),
        ("αlpha", "Please use letters of one alphabet only."),
        ("ADMΙN", "Please use letters of one alphabet only."),
        ("maria lopez", "Please use only letters, digits, and the signs . _ - in a username."),
        ("maria☺", "Please use only letters, digits, and the signs . _ - in a username."),
        ("ＡＤＭＩＮ", "This username is reserved. Please choose another one."),
    ],
)
def test_alphabets_are_not_mixed_in_one_name(set_conf, typed, sentence):
    set_conf(UNICODE_USERNAMES=True)

    with pytest.raises(InvalidUsername) as caught:
        clean_username(typed)

    assert caught.value.messages == [sentence]


def test_a_username_that_grows_when_it_is_normalised_is_refused(set_conf):
    set_conf(UNICODE_USERNAMES=True)
    typed = "\ufb03" * 30  # the ligature of ffi: 30 characters become 90

    with pytest.raises(InvalidUsername) as caught:
        clean_username(typed)

    assert caught.value.messages == ["This username is too long."]


def test_a_username_whose_key_would_not_fit_its_column_is_refused(set_conf):
    set_conf(UNICODE_USERNAMES=True)
    # far apart in Unicode, so that punycode needs several letters for each
    typed = "".join(chr(0x4E00 + 5003 * i % 20000) for i in range(USERNAME_MAX_LENGTH))

    try:
        key = clean_username(typed).key
    except InvalidUsername:
        key = ""

    assert len(key) <= KEY_MAX_LENGTH
    assert username_key("x" * (KEY_MAX_LENGTH + 1)) == ""


@given(ANYTHING)
@example("\u0345\u0391")
@example("\u1fb7")
@example("İ")
@example("ﷺ")
@thoroughly
def test_folding_twice_changes_nothing(text):
    folded = _fold(text)

    assert _fold(folded) == folded
    assert unicodedata.normalize("NFKC", folded) == folded


@pytest.mark.parametrize("unicode_usernames", [False, True])
def test_any_text_is_a_username_or_refused_and_a_cleaned_one_stays_as_it_is(
    set_conf, unicode_usernames
):
    set_conf(UNICODE_USERNAMES=unicode_usernames)
    letters = st.characters(categories=["L", "Nd"]) | st.sampled_from("._-")

    @given(ANYTHING | st.text(letters, max_size=80))
    @thoroughly
    def check(text):
        try:
            name = clean_username(text)
        except InvalidUsername as refused:
            assert refused.messages
            return
        assert clean_username(name.text) == name
        assert name.key == username_key(text) == username_key(name.text)
        assert name.key.isascii()
        assert 0 < len(name.key) <= KEY_MAX_LENGTH
        assert "@" not in name.text

    check()


@given(ANYTHING | st.text(max_size=KEY_MAX_LENGTH * 2))
@thoroughly
def test_a_key_is_short_and_ascii_whatever_was_typed(text):
    key = username_key(text)

    assert key.isascii()
    assert len(key) <= KEY_MAX_LENGTH
    assert username_key(f" {text} ") == key or len(text) > KEY_MAX_LENGTH - 2
