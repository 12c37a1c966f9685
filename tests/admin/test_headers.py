"""The headers of the administration, and what a project says of them."""

import pytest
from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.auth import get_user_model
from django.http import HttpResponse
from django.urls import URLPattern, include, path, reverse

from django_useraccounts.admin import UserAdmin
from django_useraccounts.admin.bases import protected


def plain(request):
    return HttpResponse()


class WithMore(ModelAdmin):
    """What an app brings along: a page of its own, and some that it includes."""

    def get_urls(self):
        return [
            path("more/", plain),
            path("most/", include([path("", plain)])),
            *super().get_urls(),
        ]


class MemberAdmin(UserAdmin, WithMore):
    pass


@pytest.mark.django_db
@pytest.mark.parametrize("said", ["DENY", "SAMEORIGIN"])
def test_a_theme_that_opens_frames_for_windows_can_do_so(office, settings, said):
    settings.X_FRAME_OPTIONS = said
    settings.MIDDLEWARE = [path for path in settings.MIDDLEWARE if "XFrame" not in path]

    page = office.get(reverse("admin:useraccounts_user_changelist"), {"_popup": "1"})
    own = office.get(reverse("useraccounts:profile"))

    assert (page.status_code, page.headers["X-Frame-Options"]) == (200, said)
    assert own.headers["X-Frame-Options"] == "DENY"


def test_what_a_page_has_said_itself_stays(rf, settings):
    settings.X_FRAME_OPTIONS = "SAMEORIGIN"
    said = {"X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer"}

    answer = protected(lambda request: HttpResponse(headers=said))(rf.get("/"))

    assert said.items() <= answer.headers.items()
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_pages_of_another_app_are_left_as_they_are():
    added, included, *ours = MemberAdmin(get_user_model(), AdminSite()).get_urls()

    assert (added.callback, included.callback) == (plain, None)
    assert len(ours) == 6
    assert all(isinstance(page, URLPattern) and page.callback is not plain for page in ours)
