"""Our side of the protocol against a certified provider that others have written, over HTTP."""

from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest
import requests

from django_useraccounts.social.errors import BadAnswer, ConsentDenied
from django_useraccounts.social.providers import OpenIDProvider
from tests.peers import CLIENT_ID, CLIENT_SECRET, PEOPLE, oidc_provider

CALLBACK = "http://127.0.0.1:8000/accounts/social-callback/guild/"


@pytest.fixture(scope="module")
def issuer():
    with oidc_provider([CALLBACK]) as issuer:
        yield issuer


@pytest.fixture
def guild(issuer):
    options = {"ISSUER": issuer, "CLIENT_ID": CLIENT_ID, "CLIENT_SECRET": CLIENT_SECRET}
    return OpenIDProvider("guild", {**options, "DOMAINS": ("guild.example",)})


def visit(url, *clicks, browser=None):
    """Go to the provider, send one form after the other, and return what is brought back."""
    browser = browser or requests.Session()
    where = follow(browser, url)
    for form in clicks:
        response = browser.post(where, form, allow_redirects=False)
        where = follow(browser, urljoin(where, response.headers["Location"]))
    return dict(parse_qsl(urlsplit(where).query)) if where.startswith(CALLBACK) else {}


def follow(browser, where):
    """Return where redirects end: at a page of the provider, or back with us, which is not opened."""
    while not where.startswith(CALLBACK):
        response = browser.get(where, allow_redirects=False)
        if not response.is_redirect:
            break
        where = urljoin(where, response.headers["Location"])
    return where


def agree(url, name="hannah", browser=None):
    return visit(url, {"name": name}, {"act": "continue"}, browser=browser)


def come_back(provider, answer, pending):
    return provider.finish(answer, pending, redirect_uri=CALLBACK)


@pytest.mark.parametrize("name, is_proved", [("hannah", True), ("kurt", False)])
def test_who_agrees_is_known_by_what_the_provider_says(guild, issuer, name, is_proved):
    begun = guild.begin(redirect_uri=CALLBACK)

    identity = come_back(guild, agree(begun.url, name), begun.pending)

    person = PEOPLE[name]
    assert (identity.issuer, identity.subject) == (issuer, name)
    assert identity.username == name
    assert identity.first_name == person["given_name"]
    assert identity.last_name == person["family_name"]
    assert (identity.email, identity.is_email_proved) == (person["email"], is_proved)


def test_who_is_to_prove_it_once_more_is_asked_though_the_provider_remembers(guild):
    browser = requests.Session()
    agree(guild.begin(redirect_uri=CALLBACK).url, browser=browser)
    assert "code" in visit(guild.begin(redirect_uri=CALLBACK).url, browser=browser)

    begun = guild.begin(redirect_uri=CALLBACK, prompt_login=True)

    assert visit(begun.url, browser=browser) == {}
    answer = visit(begun.url, {"name": "hannah"}, browser=browser)
    assert come_back(guild, answer, begun.pending).subject == "hannah"


def test_who_takes_the_demand_out_of_the_url_proves_nothing(guild):
    browser = requests.Session()
    agree(guild.begin(redirect_uri=CALLBACK).url, browser=browser)
    begun = guild.begin(redirect_uri=CALLBACK, prompt_login=True)
    without_prompt = begun.url.replace("&prompt=login", "")
    answer = visit(without_prompt.replace("&max_age=0", ""), browser=browser)

    assert visit(without_prompt, browser=browser) == {}
    with pytest.raises(BadAnswer) as refused:
        come_back(guild, answer, begun.pending)
    assert refused.value.reason == "auth_time"


@pytest.mark.parametrize("clicks", [[{"act": "cancel"}], [{"name": "kurt"}, {"act": "cancel"}]])
def test_who_cancels_has_denied(guild, clicks):
    begun = guild.begin(redirect_uri=CALLBACK)
    answer = visit(begun.url, *clicks)

    with pytest.raises(ConsentDenied) as refused:
        come_back(guild, answer, begun.pending)

    assert "SCAM" in answer["error_description"]
    assert "SCAM" not in f"{refused.value} {refused.value.reason}"


def test_a_code_is_good_once(guild):
    begun = guild.begin(redirect_uri=CALLBACK)
    answer = agree(begun.url)
    come_back(guild, answer, begun.pending)

    with pytest.raises(BadAnswer):
        come_back(guild, answer, begun.pending)


@pytest.mark.parametrize("taken", ["verifier", "nonce", "issuer"])
def test_a_stolen_code_is_of_no_use_in_another_browser(guild, taken):
    mine, begun = guild.begin(redirect_uri=CALLBACK), guild.begin(redirect_uri=CALLBACK)
    mine.pending["issuer"] = "http://127.0.0.1:8000/provider"

    with pytest.raises(BadAnswer):
        come_back(guild, agree(begun.url), {**begun.pending, taken: mine.pending[taken]})


@pytest.mark.parametrize("changes", [{"iss": "https://evil.example"}, {"iss": None}])
def test_an_answer_that_does_not_name_its_issuer_is_refused(guild, changes):
    begun = guild.begin(redirect_uri=CALLBACK)
    answer = {**agree(begun.url), **changes}

    with pytest.raises(BadAnswer):
        come_back(guild, {k: v for k, v in answer.items() if v}, begun.pending)


def test_a_wrong_secret_is_refused(guild):
    guild.options = {**guild.options, "CLIENT_SECRET": "not the secret"}
    begun = guild.begin(redirect_uri=CALLBACK)

    with pytest.raises(BadAnswer):
        come_back(guild, agree(begun.url), begun.pending)
