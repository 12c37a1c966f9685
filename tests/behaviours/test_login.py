"""Log in: what is typed, in each way that people are known by, and what comes of it, as one table."""

import pytest
from django.contrib.auth import get_user

from django_useraccounts.testing import PASSWORD, make_user

pytestmark = pytest.mark.django_db

#: The columns of the table.
SITES = {
    "either": {},
    "username": {"LOGIN_BY": "username"},
    "e-mail": {"LOGIN_BY": "email"},
    "no e-mails": {"EMAIL": "off"},
    "no usernames": {"USERNAME": "off"},
    "confirm later": {"CONFIRM_EMAIL_BEFORE_LOGIN": False},
}

# in: logged in. refused: one sentence for every reason. confirm: sent to confirm the address first.
# empty: a sentence beside the field. An address that nobody has proved is an unknown one.
TABLE = [
    # typed, password             either   username  e-mail    no e-mails  no usernames  confirm later
    ("Maria", PASSWORD,          "in       in        refused   in          refused       in"),
    (" MARIA ", PASSWORD,        "in       in        refused   in          refused       in"),
    ("Maria@example.com", PASSWORD,   "in  refused   in        refused     in            in"),
    (" mARIA@EXAMPLE.com ", PASSWORD, "in  refused   in        refused     in            in"),
    ("Maria", "wrong",           "refused  refused   refused   refused     refused       refused"),
    ("Maria", PASSWORD.upper(),  "refused  refused   refused   refused     refused       refused"),
    ("Maria", f" {PASSWORD} ",   "refused  refused   refused   refused     refused       refused"),
    ("Maria@example.com", "wrong", "refused refused  refused   refused     refused       refused"),
    ("nobody", PASSWORD,         "refused  refused   refused   refused     refused       refused"),
    ("nobody@example.com", PASSWORD, "refused refused refused  refused     refused       refused"),
    ("off", PASSWORD,            "refused  refused   refused   refused     refused       refused"),
    ("off@example.com", PASSWORD, "refused refused   refused   refused     refused       refused"),
    ("waiting", PASSWORD,        "confirm  confirm   refused   in          refused       in"),
    ("waiting", "wrong",         "refused  refused   refused   refused     refused       refused"),
    ("waiting@example.com", PASSWORD, "refused refused refused refused     refused       refused"),
    ("", PASSWORD,               "empty    empty     empty     empty       empty         empty"),
    ("  ", PASSWORD,             "empty    empty     empty     empty       empty         empty"),
    ("Maria", "",                "empty    empty     empty     empty       empty         empty"),
    ("", "",                     "empty    empty     empty     empty       empty         empty"),
]  # fmt: skip
REFUSED = "and the password do not match."


@pytest.fixture
def _people():
    make_user("Maria", "Maria@example.com")
    make_user("off", is_active=False)
    make_user("waiting", confirmed=False)


def in_a_word(browser, response):
    if response.status_code == 302:
        is_in = get_user(browser).is_authenticated
        word = {"/accounts/profile/": "in", "/accounts/resend-confirmation/": "confirm"}
        assert is_in is (word[response["Location"]] == "in")
        return word[response["Location"]]
    assert get_user(browser).is_anonymous
    errors = response.context["form"].errors
    if "__all__" in errors:
        assert REFUSED in errors["__all__"][0]
        return "refused"
    assert errors
    assert all(texts == ["This field is required."] for texts in errors.values())
    return "empty"


@pytest.mark.parametrize("site", SITES)
@pytest.mark.usefixtures("_people")
def test_what_is_typed_leads_where_the_table_says(new_browser, set_conf, site):
    set_conf(**SITES[site])
    column = list(SITES).index(site)

    words = {}
    for identifier, password, _expected in TABLE:
        browser = new_browser()
        words[identifier, password] = in_a_word(browser, browser.log_in(identifier, password))

    assert words == {line[:2]: line[2].split()[column] for line in TABLE}
