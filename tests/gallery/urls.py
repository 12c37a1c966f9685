"""A page of a site of its own, which shows the menu of who is logged in, beside all others."""

from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import include, path

HOST_PAGE = """{% load i18n static useraccounts %}{% get_current_language as code %}
{% get_current_language_bidi as is_bidi %}<!doctype html>
<html lang="{{ code }}" dir="{{ is_bidi|yesno:'rtl,ltr' }}">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>A page of the site</title>
  <link rel="stylesheet" href="{% static 'useraccounts/user_menu.css' %}">
</head>
<body>
  <header>{% user_menu %}</header>
  <main><h1>A page of the site</h1></main>
</body>
</html>
"""


def host_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(engines["django"].from_string(HOST_PAGE).render({}, request))


urlpatterns = [path("host/", host_page, name="host_page"), path("", include("tests.urls"))]
