"""Log in by a certified OpenID provider in a real browser, from the button to the connections."""

import pytest
from playwright.sync_api import expect

from django_useraccounts.models import AccountEvent, User, UserEmail
from django_useraccounts.social.models import Connection
from django_useraccounts.testing import PASSWORD, link_in, mails_to, make_user
from tests.peers import CLIENT_ID, CLIENT_SECRET, oidc_provider

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def issuer(live_server):
    """Run the provider, on a site of its own: cookies tell ``localhost`` from ``127.0.0.1``."""
    with oidc_provider([f"{live_server.url}/accounts/social-callback/guild/"]) as issuer:
        yield issuer


@pytest.fixture
def elsewhere(issuer):
    return (issuer,)


@pytest.fixture(autouse=True)
def guild(issuer, set_conf):
    """Let people log in with the provider, whose word counts for addresses of the guild."""
    entry = {"ISSUER": issuer, "CLIENT_ID": CLIENT_ID, "CLIENT_SECRET": CLIENT_SECRET}
    entry |= {"LABEL": "The Guild", "DOMAINS": ("guild.example",)}
    set_conf(SOCIAL={"PROVIDERS": {"guild": entry}})


def press(page, button):
    """Press a button of a form, and wait for the page that it leads to."""
    with page.expect_navigation():
        page.get_by_role("button", name=button).first.click()


def agree(page, name):
    """At the provider: say who one is, and agree that the site is told."""
    expect(page.get_by_role("heading", name="Who are you?")).to_be_visible()
    page.get_by_label("Name").fill(name)
    press(page, "Continue")
    expect(page.get_by_role("heading", name=f"May {CLIENT_ID} know")).to_be_visible()
    press(page, "Continue")


def come_by_guild(page, name="hannah", path="/accounts/login/"):
    page.goto(path)
    press(page, "Continue with The Guild")
    agree(page, name)


def log_in(page, username):
    page.goto("/accounts/login/?next=/accounts/connections/")
    page.get_by_label("Username or e-mail address").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    press(page, "Log in")


def log_out(page):
    page.goto("/accounts/logout/")
    page.get_by_role("main").get_by_role("button", name="Log out").click()
    expect(page.get_by_role("status")).to_contain_text("You are logged out.")


def is_logged_in_as(page, username):
    page.goto("/members/")
    return page.get_by_role("link", name=username, exact=True).first.is_visible()


def test_who_comes_for_the_first_time_completes_an_account_and_returns_by_one_click(page, issuer):
    # given somebody who wants to see the members, and comes from the provider for that
    page.goto("/members/")
    press(page, "Continue with The Guild")
    agree(page, "hannah")

    # when what lacks for an account is asked, with what the provider knows filled in
    expect(page.get_by_role("heading", name="Almost done")).to_be_visible()
    assert page.get_by_label("Username").input_value() == "hannah"
    assert page.get_by_label("E-mail address").input_value() == "hannah@guild.example"
    assert not User.objects.exists()
    press(page, "Register")

    # then she is where she wanted to be, and no mail has been needed for the address
    expect(page).to_have_url("/members/")
    hannah = User.objects.get()
    assert hannah.has_confirmed_email and not hannah.has_usable_password()
    assert (hannah.first_name, hannah.last_name) == ("Hannah", "Höch")
    [connection] = Connection.objects.filter(user=hannah)
    assert (connection.issuer, connection.subject) == (issuer, "hannah")

    # and the next time one click is enough, since the provider remembers her
    log_out(page)
    page.goto("/accounts/login/?next=/members/")
    press(page, "Continue with The Guild")
    expect(page).to_have_url("/members/")
    assert is_logged_in_as(page, "hannah")
    assert User.objects.count() == Connection.objects.count() == 1


def test_an_address_that_the_provider_has_not_verified_waits_for_its_mail(page):
    come_by_guild(page, "kurt", "/accounts/register/")
    expect(page.get_by_text("We will send you a mail")).to_be_visible()
    press(page, "Register")

    # the account is there, and lets nobody in before the mail is answered
    expect(page.get_by_role("heading", name="Check your mail")).to_be_visible()
    kurt = User.objects.get()
    assert not kurt.has_confirmed_email
    assert Connection.objects.filter(user=kurt).count() == 1
    assert not is_logged_in_as(page, "kurt")
    page.goto("/accounts/login/")
    press(page, "Continue with The Guild")
    expect(page.get_by_role("status")).to_contain_text("Confirm your e-mail address first")

    # then the mailed link confirms it
    page.goto(link_in(mails_to("kurt@guild.example")[-1]))
    press(page, "Confirm this address")
    assert User.objects.get().has_confirmed_email
    assert is_logged_in_as(page, "kurt")


def test_a_member_connects_the_provider_logs_in_by_it_and_disconnects_it(page):
    # given a member, who logs in by password
    frida = make_user("frida")
    log_in(page, "frida")
    expect(page.get_by_role("heading", name="Ways to log in")).to_be_visible()

    # when she connects the provider
    press(page, "The Guild")
    agree(page, "hannah")

    # then a mail tells her, and the provider lets her in, under whatever name it knows her by
    expect(page.get_by_role("status")).to_contain_text("You can log in with The Guild from now on.")
    expect(page.get_by_role("main")).to_contain_text("hannah@guild.example")
    assert "The Guild (hannah@guild.example)" in mails_to("frida@example.com")[-1].body
    log_out(page)
    page.goto("/accounts/login/?next=/members/")
    press(page, "Continue with The Guild")
    assert is_logged_in_as(page, "frida")
    assert list(User.objects.all()) == [frida]
    assert not UserEmail.objects.filter(email="hannah@guild.example").exists()

    # and when she disconnects it, it lets her in no more
    page.goto("/accounts/connections/")
    page.get_by_role("link", name="Disconnect").click()
    press(page, "Disconnect")
    expect(page.get_by_role("heading", name="Ways to log in")).to_be_visible()
    assert not Connection.objects.exists()
    assert len(mails_to("frida@example.com")) == 2
    log_out(page)
    page.goto("/accounts/login/")
    press(page, "Continue with The Guild")
    expect(page.get_by_role("heading", name="Almost done")).to_be_visible()


def test_the_only_way_in_cannot_be_disconnected_before_there_is_a_password(page):
    come_by_guild(page)
    press(page, "Register")
    page.goto("/accounts/connections/")

    expect(page.get_by_role("link", name="Disconnect")).to_have_count(0)
    expect(page.get_by_role("main")).to_contain_text("This is your only way to log in.")
    expect(page.get_by_role("link", name="Set a password")).to_be_visible()


def test_an_address_of_an_account_connects_nothing_before_the_account_is_proved(page, new_page):
    # given an account that has the address which the provider has verified
    owner = make_user("owner", "hannah@guild.example")
    come_by_guild(page)
    expect(page.get_by_role("heading", name="Connect your account")).to_be_visible()
    assert not Connection.objects.exists()
    assert not is_logged_in_as(page, "owner")

    # when its password is given
    page.goto("/accounts/connect-account/")
    page.get_by_label("Password").fill(PASSWORD)
    press(page, "Log in and connect")

    # then the provider lets its owner in, in any browser
    assert Connection.objects.get().user == owner
    other = new_page()
    come_by_guild(other)
    assert is_logged_in_as(other, "owner")
    assert User.objects.count() == 1


@pytest.mark.parametrize("step", ["who", "consent"])
def test_who_cancels_at_the_provider_reads_our_own_page_and_nothing_has_changed(page, step):
    page.goto("/accounts/login/")
    press(page, "Continue with The Guild")
    if step == "consent":
        page.get_by_label("Name").fill("hannah")
        press(page, "Continue")
        expect(page.get_by_role("heading", name="May the-site know")).to_be_visible()

    press(page, "Cancel")

    expect(page.get_by_role("heading", name="Nothing has happened")).to_be_visible()
    assert "SCAM" in page.url and "SCAM" not in page.content()
    assert not User.objects.exists() and not Connection.objects.exists()
    assert AccountEvent.objects.get().details["reason"] == "denied"
    # and the way is open still
    page.get_by_role("link", name="Back to the login").click()
    press(page, "Continue with The Guild")
    expect(page.get_by_role("button", name="Continue")).to_be_visible()


def test_an_answer_opened_again_lets_nobody_in(page):
    with page.expect_request("**/accounts/social-callback/**") as answered:
        come_by_guild(page)
    expect(page.get_by_role("heading", name="Almost done")).to_be_visible()

    page.goto(answered.value.url)

    expect(page.get_by_role("heading", name="This did not work")).to_be_visible()
    assert not User.objects.exists()
