"""Which site this is, and where mailed links lead."""

import pytest
from django.core.exceptions import DisallowedHost, ImproperlyConfigured

from django_useraccounts.site import site_name, site_origin


def test_the_configured_origin_decides_whatever_a_header_says(rf, set_conf, settings):
    settings.ALLOWED_HOSTS = ["*"]
    set_conf(ORIGIN="https://guild.example/")

    request = rf.get("/", HTTP_HOST="evil.example")

    assert site_origin(request) == "https://guild.example"
    assert site_origin(None) == "https://guild.example"
    assert site_name(request) == "guild.example"


def test_a_name_of_its_own_is_the_name_of_the_site(rf, set_conf):
    set_conf(SITE_NAME="The Artists' Guild")

    assert site_name(rf.get("/")) == "The Artists' Guild"
    assert site_name(None, origin="https://guild.example") == "The Artists' Guild"


def test_without_an_origin_a_host_decides_that_django_has_allowed(rf, set_conf, settings):
    set_conf(ORIGIN=None)
    settings.ALLOWED_HOSTS = ["guild.example"]

    request = rf.get("/", HTTP_HOST="guild.example", secure=True)

    assert site_origin(request) == "https://guild.example"
    assert site_name(request) == "guild.example"
    with pytest.raises(DisallowedHost):
        site_origin(rf.get("/", HTTP_HOST="evil.example"))


def test_without_an_origin_and_without_a_request_there_is_no_link(set_conf):
    set_conf(ORIGIN=None)

    with pytest.raises(ImproperlyConfigured) as caught:
        site_origin(None)

    assert str(caught.value) == (
        'Mail that no request asks for needs USERACCOUNTS = {"ORIGIN": "https://example.com"}.'
    )


@pytest.fixture
def sites(sites_framework, settings, monkeypatch):
    """The Sites framework, with the one site of the project."""
    settings.SITE_ID = 1
    from django.contrib.sites.models import SITE_CACHE, Site

    site = Site(pk=1, domain="guild.example", name="The Guild")
    monkeypatch.setitem(SITE_CACHE, 1, site)


@pytest.mark.usefixtures("sites")
def test_the_sites_framework_knows_host_and_name(rf, set_conf, settings):
    set_conf(ORIGIN=None)

    assert site_origin(rf.get("/", HTTP_HOST="evil.example")) == "http://guild.example"
    assert site_origin(rf.get("/", secure=True)) == "https://guild.example"
    assert site_name(rf.get("/")) == "The Guild"
    assert site_name(None) == "The Guild"


@pytest.mark.usefixtures("sites")
@pytest.mark.parametrize(
    "debug, redirect, scheme",
    [(False, False, "https"), (True, False, "http"), (True, True, "https")],
)
def test_without_a_request_a_site_in_production_is_reached_by_https(
    set_conf, settings, debug, redirect, scheme
):
    set_conf(ORIGIN=None)
    settings.DEBUG, settings.SECURE_SSL_REDIRECT = debug, redirect

    assert site_origin(None) == f"{scheme}://guild.example"
