"""The demo's pages, and beside them a page under every kind of guard."""

from django.urls import include, path

from . import views

guarded = [path(f"guards/{name}/", view, name=name) for name, view in views.ALL.items()]
urlpatterns = [*guarded, path("", include("testproject.urls"))]
