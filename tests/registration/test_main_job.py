"""The main job, walked by one visitor from the register page to the page of a starving artist."""

import pytest
from django.urls import reverse

from django_useraccounts.models import Role
from django_useraccounts.roles.flows import grant_role
from django_useraccounts.testing import PASSWORD, link_in, mails_to

pytestmark = pytest.mark.django_db


def test_a_visitor_registers_confirms_logs_in_and_opens_a_guarded_page(
    client, django_user_model, django_capture_on_commit_callbacks
):
    # register, wanting to go to a page
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(
            reverse("useraccounts:register") + "?next=/members/",
            {"username": "Frida", "email": "Frida@Example.com", "password": PASSWORD},
        )
    assert response.status_code == 302, response.content.decode()
    mail = mails_to("Frida@example.com")[0]

    # open the link: the secret leaves the URL, and nothing is confirmed yet
    link = link_in(mail)
    response = client.get(link, follow=True)
    user = django_user_model.objects.get()
    assert response.status_code == 200, response.content.decode()
    assert not user.has_confirmed_email

    # confirm
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(response.request["PATH_INFO"], {"answer": "confirm"})
    assert response.status_code == 302
    user = django_user_model.objects.get()
    assert user.has_confirmed_email
    assert user.email == "Frida@example.com"
    assert client.session["_auth_user_id"] == str(user.pk)

    client.post(reverse("useraccounts:logout"))
    assert "_auth_user_id" not in client.session
    for identifier in ("frida", "FRIDA@EXAMPLE.com"):
        response = client.post(
            reverse("useraccounts:login"), {"identifier": identifier, "password": PASSWORD}
        )
        assert response.status_code == 302, response.content.decode()
    Role.objects.create(name="starving")
    grant_role(user, "starving")
