"""``python -m tests.reference``: write what the code says into docs/reference."""

import os

import django


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "testproject.test_settings")
    django.setup()
    # They look at models and URLs, which are there only now.
    from tests.reference.parts import PAGES, current

    for page in PAGES:
        page.write_text(current(page), encoding="utf-8")


if __name__ == "__main__":
    main()
