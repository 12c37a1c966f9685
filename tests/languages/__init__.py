"""
The translations of the package, which translators never write by hand.

``python -m tests.languages`` says what is missing, hands out work lists, and takes translations
back into the catalogs, see ``docs/languages.rst``.
"""

from tests.readme import ROOT

#: All that are aimed at.
TARGETS = (
    *("en", "ar", "cs", "da", "de", "el", "es", "fa", "fi", "fr", "he", "it", "ja", "ko", "nb"),
    *("nl", "pl", "pt-br", "ru", "sk", "sv", "tr", "uk", "zh-hans"),
)

#: In which the package speaks: its source is English, and of each other one a page of the
#: documentation says how it translates, which is written when it is done.
PAGES = ROOT / "docs" / "languages"
LANGUAGES = ("en", *sorted(path.stem for path in PAGES.glob("*.rst")))
