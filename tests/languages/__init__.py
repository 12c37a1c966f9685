"""
The translations of the package, which translators never write by hand.

``python -m tests.languages`` says what is missing, hands out work lists, and takes translations
back into the catalogs, see ``docs/languages.rst``.
"""

#: In which the package speaks: its source is English, and each other one has a whole catalog.
LANGUAGES = ("en", "de")

#: All that are aimed at.
TARGETS = (
    *("en", "ar", "cs", "da", "de", "el", "es", "fa", "fi", "fr", "he", "it", "ja", "ko", "nb"),
    *("nl", "pl", "pt-br", "ru", "sk", "sv", "tr", "uk", "zh-hans"),
)
