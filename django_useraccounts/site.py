"""Which site this is: its name, and the origin that mailed links lead to."""

from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.contrib.sites.shortcuts import get_current_site
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest

from .conf import conf


def site_origin(request: HttpRequest | None) -> str:
    """
    Return scheme and host, like ``https://example.com``.

    A Host header decides only when nothing is configured, and then only one that Django has checked
    against ALLOWED_HOSTS: a forged one would send reset links to another's server.
    """
    if conf.ORIGIN:
        return conf.ORIGIN.rstrip("/")
    if apps.is_installed("django.contrib.sites"):
        secure = (
            request.is_secure() if request else settings.SECURE_SSL_REDIRECT or not settings.DEBUG
        )
        return f"{'https' if secure else 'http'}://{get_current_site(request).domain}"
    if request is None:
        raise ImproperlyConfigured(
            'Mail that no request asks for needs USERACCOUNTS = {"ORIGIN": "https://example.com"}.'
        )
    return f"{request.scheme}://{request.get_host()}"


def site_name(request: HttpRequest | None, *, origin: str = "") -> str:
    """Return the name of the site for pages and mails: configured, or its host."""
    if conf.SITE_NAME:
        return conf.SITE_NAME
    if apps.is_installed("django.contrib.sites"):
        return get_current_site(request).name
    return urlsplit(origin or site_origin(request)).netloc
