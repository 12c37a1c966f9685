"""The demo speaks the languages of the accounts: a menu on each page, which needs no script."""

import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from testproject.guild.languages import spoken
from tests.languages import LANGUAGES

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("people")]


def menu_of(page):
    """Return the form that switches the language, as what it sends and where."""
    _before, _, form = page.content.decode().partition('<form class="languages"')
    return form.partition("</form>")[0]


@pytest.mark.parametrize(
    "url_name", ["home", "doors", "useraccounts:login", "useraccounts:register"]
)
def test_every_page_offers_all_languages_by_their_own_names(client, url_name):
    menu = menu_of(client.get(reverse(url_name)))

    assert f'action="{reverse("set_language")}"' in menu
    for code, name in spoken():
        assert f'<option value="{code}" lang="{code}"' in menu
        assert f">{name[0].upper()}{name[1:]}</option>" in menu
    assert '<button type="submit">' in menu


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_choice_lasts_and_leads_back_to_the_page(client, language):
    login = f"{reverse('useraccounts:login')}?next=/gallery/"
    menu = menu_of(client.get(login))
    assert 'name="next" value="/accounts/login/?next=/gallery/"' in menu

    data = {"language": language, "next": login}
    assertRedirects(client.post(reverse("set_language"), data), login)

    page = client.get(reverse("useraccounts:forgot_password"))
    assertContains(page, f'<div class="ua" lang="{language}"')
    assertContains(page, f'lang="{language}" selected')


def test_what_browsers_ask_for_is_what_a_visitor_gets_first(client):
    last = LANGUAGES[-1]

    page = client.get(reverse("useraccounts:login"), headers={"accept-language": f"{last};q=0.9"})

    assertContains(page, f'<div class="ua" lang="{last}"')


def test_the_pages_of_the_guild_stay_english_and_say_so(client):
    client.cookies["django_language"] = LANGUAGES[-1]

    page = client.get(reverse("home"))

    assertContains(page, '<html lang="en">')
    assertNotContains(page, 'class="ua"')


def test_a_page_in_a_language_from_right_to_left_is_set_that_way(client, settings):
    settings.LANGUAGES = [("en", "English"), ("he", "Hebrew")]
    client.cookies["django_language"] = "he"

    page = client.get(reverse("useraccounts:login"))

    assertContains(page, '<div class="ua" lang="he" dir="rtl">')


def test_a_demo_of_one_language_has_no_menu(client, settings):
    settings.LANGUAGES = [("en", "English")]

    assertNotContains(client.get(reverse("home")), "languages")


def test_a_language_is_switched_to_by_a_form_alone(client):
    assert client.get(reverse("set_language"), {"language": "de"}).status_code == 302
    assert "django_language" not in client.cookies
