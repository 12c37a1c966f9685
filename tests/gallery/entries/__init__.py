"""The entries of the gallery, by room; importing this puts all of them into ``ENTRIES``."""

from importlib import import_module

from tests.gallery.stage import ENTRIES

__all__ = ["ENTRIES"]

ROOMS = (
    "registration login emails passwords profile leaving terms "
    "sessions invitations memberships social refusals menus"
).split()
for room in ROOMS:
    import_module(f"{__name__}.{room}")
