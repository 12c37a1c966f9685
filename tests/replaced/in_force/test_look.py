"""The properties that the choir has set are what a browser paints."""

import pytest

from django_useraccounts.testing import log_in, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

STYLE = """(button) => {
    const style = getComputedStyle(button);
    return [style.backgroundColor, style.borderRadius, style.color];
}"""


def test_the_properties_of_the_stylesheet_are_in_force(page):
    page.goto("/accounts/login/")

    style = page.get_by_role("button", name="Log in").evaluate(STYLE)

    assert style == ["rgb(29, 53, 87)", "0px", "rgb(253, 246, 227)"]


def test_so_they_are_on_the_page_of_the_room(page, client, live_server):
    log_in(client, make_user("maria", roles=["keeper"]))
    session = client.cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])

    page.goto("/accounts/return-key/")

    style = page.get_by_role("button", name="Return it").evaluate(STYLE)

    assert style == ["rgb(29, 53, 87)", "0px", "rgb(253, 246, 227)"]
