"""Each recipe of docs/howto is a site here, and its look is on every page of the accounts."""

import pytest
from django.urls import NoReverseMatch, get_resolver, reverse

from django_useraccounts.testing import log_in, make_user

from .elements import Elements, classes

pytestmark = pytest.mark.django_db


GUILD = {"LABEL": "The Guild", "ISSUER": "https://id.example"}
GUILD |= {"CLIENT_ID": "us", "CLIENT_SECRET": "not told"}
#: Pages whose form asks nothing: to send it would do what they are about.
ACTS = {"logout", "close-account"}


def paths():
    """Return the paths of all pages of the accounts that need to know of no row."""
    _, patterns = get_resolver().namespace_dict["useraccounts"]
    for name in sorted({key for key in patterns.reverse_dict if isinstance(key, str)}):
        try:
            yield reverse(f"useraccounts:{name}")
        except NoReverseMatch:
            continue  # the page of a link, of an address, of an invitation


def shown(response):
    """Return what is on a page, None if the answer is none."""
    is_page = response.headers.get("Content-Type", "").startswith("text/html")
    return Elements(response.content.decode()) if is_page and response.content else None


def pages(client):
    """Yield every page as a stranger and as a user finds it, and as it refuses an empty form."""
    yield from pages_of(client, "stranger")
    log_in(client, make_user("frida", roles=["baker"], is_superuser=True))
    yield "the new terms", shown(client.get(reverse("useraccounts:accept_terms")))
    client.post(reverse("useraccounts:accept_terms"), {"terms": "1"})
    yield from pages_of(client, "user")


def pages_of(client, who):
    for path in paths():
        answers = [client.get(path)]
        if path.strip("/").rpartition("/")[2] not in ACTS:
            answers.append(client.post(path, {}))
        for response in answers:
            if elements := shown(response):
                yield f"{path} of a {who}", elements


@pytest.mark.parametrize(
    "site, of_input, of_button, refused",
    [
        ("bakery", {"form-control", "form-select", "form-check-input"}, "btn", "is-invalid"),
        ("tailor", {"w-full", "size-5"}, "cursor-pointer", "outline-red-800"),
    ],
)
def test_each_field_and_button_of_all_pages_has_the_classes_of_the_site(
    open_site, set_conf, client, site, of_input, of_button, refused
):
    open_site(site)
    set_conf(
        TERMS_VERSION="1", RETYPE=("email", "password"), SOCIAL={"PROVIDERS": {"guild": GUILD}}
    )
    fields, buttons, refusals = set(), set(), 0

    for where, elements in pages(client):
        for attrs in elements.inputs:
            assert classes(attrs) & of_input, (where, attrs)
            assert (refused in classes(attrs)) == ("aria-invalid" in attrs), (where, attrs)
            fields.add((where, attrs["name"]))
            refusals += "aria-invalid" in attrs
        for attrs in elements.buttons:
            assert of_button in classes(attrs), (where, attrs)
            buttons.add(where)
        ours = {name for attrs in elements.all for name in classes(attrs)} & {
            "ua-button",
            "ua-link",
        }
        assert not ours, where

    # so that none of it goes by without a page
    assert len(fields) >= 25
    assert len(buttons) >= 25
    assert refusals >= 15
