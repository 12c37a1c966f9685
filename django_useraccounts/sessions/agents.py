"""Browsers and systems in words, from what browsers say of themselves."""

from importlib.util import find_spec

from django.utils.translation import gettext as _

#: What people call a system that the library knows by an older name.
_TODAY = {"Mac OS X": "macOS"}
#: Names are made of what a browser says: no more of it stands in a list or a mail.
_NAME_MAX_LENGTH = 40


def is_readable() -> bool:
    """Say whether the library is installed that knows browsers."""
    return find_spec("ua_parser") is not None


def in_words(user_agent: str) -> str:
    """Return something like "Firefox on Linux"; it is what the browser claims, and no more."""
    browser, system = _names(user_agent) if is_readable() else ("", "")
    browser = browser or _("Unknown browser")
    if not system:
        return browser
    # Translators: two names, such as "Firefox on Linux".
    return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}


def _names(user_agent: str) -> tuple[str, str]:
    # Not at the head: it reads a thousand patterns, for one page and one mail.
    from ua_parser import parse_os, parse_user_agent  # noqa: PLC0415

    browser, system = parse_user_agent(user_agent), parse_os(user_agent)
    return (
        browser.family[:_NAME_MAX_LENGTH] if browser else "",
        _TODAY.get(system.family, system.family)[:_NAME_MAX_LENGTH] if system else "",
    )
