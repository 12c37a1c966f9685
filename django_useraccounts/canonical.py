"""
One ASCII key for an e-mail address and one for a username: equal keys mean the same owner.

Databases compare text in ways of their own (PostgreSQL's ``iexact`` finds mike for mıke, MariaDB's
``=`` finds zoe for zoë), so that only these keys are ever compared.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from .conf import conf
from .errors import InvalidEmail, InvalidUsername
from .policy import policy

#: RFC 5321 4.5.3.1: a path of 256 octets with its angle brackets, a local part of 64.
EMAIL_MAX_LENGTH = 254
USERNAME_MIN_LENGTH = 3
USERNAME_MAX_LENGTH = 64
#: Longest key that a column holds; punycode lengthens names that are not ASCII.
KEY_MAX_LENGTH = 254

# An RFC 5322 dot-atom: quoted local parts are legal, unused, and a way to smuggle separators.
_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_validate_email = EmailValidator(message=InvalidEmail.sentence)


@dataclass(frozen=True)
class Name:
    """A text as it is stored and used, and the key by which it is compared."""

    text: str
    key: str


def clean_email(text: str) -> Name:
    """
    Return the address as mail is sent to it, and its key; raise InvalidEmail.

    The domain becomes the ASCII form of IDNA 2008 (UTS 46), since Django sends mail for faß.de to
    fass.de, whose owner is somebody else. The key lower-cases the local part.
    """
    text = text.strip()
    # The length comes first: normalising is what a long text makes slow (CVE-2023-46695).
    if len(text) > EMAIL_MAX_LENGTH:
        raise InvalidEmail(_("This e-mail address is too long."))
    local, at, domain = text.rpartition("@")
    if at and not local.isascii():
        raise InvalidEmail(
            _("The part before the @ may only have the letters a to z, digits and signs.")
        )
    if len(local) > 64 or not _LOCAL_PART.fullmatch(local):
        raise InvalidEmail
    # Here, not at the head: its tables are large, and pages without an address do without.
    import idna  # noqa: PLC0415

    try:
        ascii_domain = idna.encode(domain, uts46=True).decode("ascii").lower()
    except UnicodeError:
        raise InvalidEmail from None
    email = f"{local}@{ascii_domain}"
    if len(email) > EMAIL_MAX_LENGTH:
        raise InvalidEmail(_("This e-mail address is too long."))
    try:
        _validate_email(email)
    except ValidationError:
        raise InvalidEmail from None
    return Name(email, email.lower())


def email_key(text: str) -> str:
    """Return the key of an address, or "", which no row has, for what cannot be one."""
    try:
        return clean_email(text).key
    except InvalidEmail:
        return ""


def shown_email(email: str) -> str:
    """Return a stored address as people write it, with its domain in Unicode."""
    import idna  # noqa: PLC0415

    local, _at, domain = email.rpartition("@")
    try:
        shown = idna.decode(domain)
    except UnicodeError:
        return email
    labels = shown.split(".")
    is_clear = all(_is_clear(label, top=labels[-1]) for label in labels)
    return f"{local}@{shown}" if is_clear else email


#: Letters of Cyrillic and of Greek that look like one of a to z.
_LIKE_LATIN = frozenset("асԁеԍһіјӏорԗԛѕԝхуъьҽпгѵѡαικνρυωηοτ")


def _is_clear(label: str, *, top: str) -> bool:
    """Say whether a part of a domain is shown as what it is, much as browsers do."""
    scripts = _scripts(label)
    letters = {sign for sign in label if sign.isalpha()}
    # аррӏе.com has no Latin letter but in its end, and would look like the reader's own domain.
    if letters and letters <= _LIKE_LATIN:
        return scripts == _scripts(top)
    # So would еxample.com, with one Cyrillic letter.
    return scripts <= {"LATIN", "CJK"} or len(scripts) == 1


def clean_username(text: str) -> Name:
    """Return a new username as it is stored, and its key; raise InvalidUsername."""
    text = text.strip()
    if len(text) > USERNAME_MAX_LENGTH:
        raise InvalidUsername(
            ngettext_lazy(
                "A username has at most %(max)d character.",
                "A username has at most %(max)d characters.",
                "max",
            ),
            params={"max": USERNAME_MAX_LENGTH},
        )
    text = unicodedata.normalize("NFKC", text)
    if len(text) < USERNAME_MIN_LENGTH:
        raise InvalidUsername(
            ngettext_lazy(
                "A username has at least %(min)d character.",
                "A username has at least %(min)d characters.",
                "min",
            ),
            params={"min": USERNAME_MIN_LENGTH},
        )
    _refuse_characters(text)
    key = username_key(text)
    # Normalising may lengthen a text: the limits hold after it, too.
    if not key or len(text) > USERNAME_MAX_LENGTH:
        raise InvalidUsername(_("This username is too long."))
    if _fold(text) in _folded(frozenset(policy().reserved_usernames)):
        raise InvalidUsername(_("This username is reserved. Please choose another one."))
    return Name(text, key)


def username_key(text: str) -> str:
    """Return the key of a username, or "", which no row has, for what is too long to be one."""
    # PostgreSQL takes no NUL, not even in a question.
    if len(text) > KEY_MAX_LENGTH or "\0" in text:
        return ""
    key = _fold(text).encode("punycode").decode("ascii")
    return key if len(key) <= KEY_MAX_LENGTH else ""


def _fold(text: str) -> str:
    """Return the fixed point of case folding, NFKC, plain digits and strip (one pass is not)."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).strip()
    # Those of Arabic and of Persian look the same.
    folded = "".join(str(int(sign)) if sign.isdecimal() else sign for sign in folded)
    return folded if folded == text else _fold(folded)


@lru_cache(maxsize=8)
def _folded(names: frozenset[str]) -> frozenset[str]:
    return frozenset(map(_fold, names))


def _refuse_characters(name: str) -> None:
    for character in name:
        letter = character.isalpha() and (character.isascii() or conf.UNICODE_USERNAMES)
        digit = character.isdecimal() and (character.isascii() or conf.UNICODE_USERNAMES)
        if not (letter or digit or character in "._-"):
            raise InvalidUsername(_allowed_characters())
    if not (name[0].isalnum() and name[-1].isalnum()):
        raise InvalidUsername(_("A username starts and ends with a letter or a digit."))
    # Letters of several scripts in one name are how аdmin (with a Cyrillic а) looks like admin,
    # and digits of another one are how g٥٥gle looks like google (UTS 39, 5).
    if len(_scripts(name)) > 1:
        raise InvalidUsername(_("Please use letters of one alphabet only."))


def _allowed_characters() -> object:
    if conf.UNICODE_USERNAMES:
        return _("Please use only letters, digits, and the signs . _ - in a username.")
    return _("Please use only the letters a to z, digits, and the signs . _ - in a username.")


def _scripts(text: str) -> set[str]:
    """Return the scripts of the letters of a text, and of its digits beyond 0 to 9."""
    return {
        _script(sign)
        for sign in text
        if sign.isalpha() or (sign.isdecimal() and not sign.isascii())
    }


#: Scripts by the first word of a Unicode name, where that is another; what mixes with Han is one.
_SCRIPTS = {
    **dict.fromkeys(("HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HANGUL"), "CJK"),
    **dict.fromkeys(("ARABIC-INDIC", "EXTENDED"), "ARABIC"),
}


def _script(sign: str) -> str:
    """Return the script of a letter or digit, by its Unicode name."""
    word = unicodedata.name(sign, "UNKNOWN").split()[0]
    return _SCRIPTS.get(word, word)
