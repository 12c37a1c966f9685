"""Find users among millions: by the beginning of a key that has an index, never by a scan."""

from django.contrib.auth import get_user_model
from django.db import connections
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from ..canonical import email_key, username_key
from ..identity import has_usernames
from ..models import UserEmail
from .bases import ListAdmin

#: How many users a search finds by a username, and by an address.
MOST = 500
#: Of how many users a search finds the rows: of more, a database had rather look at all rows.
OWNERS = 50

HELP = _("Enter the beginning of a username or of an e-mail address.")


def find_users(text: str, *, using: str, most: int = MOST) -> set[object]:
    """Return the keys of the users whose username or address, confirmed or not, begins so."""
    found: set[object] = set()
    name = username_key(text)
    if name and has_usernames():
        # Punycode ends a name in ASCII with a hyphen; another one is found when it is complete.
        begun = begins("username_key", name.removesuffix("-"), using=using)
        users = get_user_model()._default_manager.using(using).filter(begun)
        found.update(users.values_list("pk", flat=True)[:most])
    for start in {text.strip().lower(), email_key(text)} - {""}:
        if start.isascii() and "\0" not in start:
            addresses = UserEmail.objects.using(using).filter(
                begins("email_key", start, using=using)
            )
            found.update(addresses.values_list("user", flat=True)[:most])
    return found


def begins(column: str, start: str, *, using: str) -> Q:
    """Return the question whether a key begins so, as the index of each database answers it."""
    begun = Q((f"{column}__startswith", start))
    if connections[using].vendor == "postgresql":
        return begun  # by the index for LIKE that Django makes for such columns
    # Others use no index for LIKE as Django writes it, but they do for a range. Keys are ASCII.
    return begun & Q((f"{column}__gte", start), (f"{column}__lt", start + "\uffff"))


class SearchByUser(ListAdmin):
    """Search the rows of a table by the user whom they belong to."""

    search_fields = ("user",)
    search_help_text = HELP

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Model], search_term: str
    ) -> tuple[QuerySet[Model], bool]:
        if search_term.strip():
            owners = find_users(search_term, using=queryset.db, most=OWNERS)
            queryset = queryset.filter(user__in=owners)
        return queryset, False
