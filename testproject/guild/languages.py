"""The languages of the demo: all that the accounts are translated to."""

from pathlib import Path

from django.conf.locale import LANG_INFO

import django_useraccounts


def spoken() -> list[tuple[str, str]]:
    """Return the setting LANGUAGES: English, and each language with a catalog, by its own name."""
    folder = Path(django_useraccounts.__file__).parent / "locale"
    compiled = folder.glob("*/LC_MESSAGES/django.mo")
    codes = {path.parts[-3].replace("_", "-").lower() for path in compiled}
    return [(code, LANG_INFO[code]["name_local"]) for code in ("en", *sorted(codes))]
