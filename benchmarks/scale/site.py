"""What people do on a site of any size: the scenarios of the side-by-side run, and some lists."""

from dataclasses import replace
from typing import Any

from django.contrib.auth import get_user_model
from django.urls import reverse

from django_useraccounts.mail import deliver
from django_useraccounts.models import OutgoingMail
from django_useraccounts.testing import make_user

from ..guarded_page import ROLES
from ..side_by_side.browser import Answer, Ask
from ..side_by_side.projects.base import MARIA, PASSWORD, shows
from ..side_by_side.projects.ours import Site

GUESTS = ("paul", "frida")


class CrowdedSite(Site):
    """The site of the side-by-side run among all others who live there."""

    def settle(self) -> None:
        self.delete("maria", "boss", *GUESTS)
        self.maria = make_user("maria", MARIA, PASSWORD, roles=ROLES, language="en-us")
        make_user("boss", password=PASSWORD, is_staff=True, is_superuser=True, language="en-us")
        self.seen = self._newest()

    def delete(self, *names: str) -> None:
        get_user_model().objects.filter(username__in=names).delete()

    def finish(self) -> None:
        """Deliver what was written since the last time: what others wait for stays."""
        for mail in OutgoingMail.objects.filter(pk__gt=self.seen).order_by("pk"):
            deliver(mail.pk)
            self.seen = mail.pk

    def _newest(self) -> int:
        newest = OutgoingMail.objects.order_by("-pk").values_list("pk", flat=True).first()
        return newest or 0

    def login_as(self, name: str) -> Ask:
        ask = super().login_as(name)

        def proof(answer: Answer) -> None:
            assert answer.status == 302 and "sessionid" in answer.cookies

        return replace(ask, proof=proof)

    def login_in_vain(self, name: str) -> Ask:
        return replace(super().login_in_vain(name), proof=shows(self.refusal))

    def sessions_page(self) -> Ask:
        return replace(self.at_home().ask("/accounts/sessions/"), proof=shows("this browser"))

    def history_page(self) -> Ask:
        return replace(self.at_home().ask("/accounts/history/"), proof=shows("log"))

    def admin_list(self) -> Ask:
        return self._in_the_office("user_changelist")

    def admin_search(self) -> Ask:
        return self._in_the_office("user_changelist", query="?q=maria000004")

    def admin_search_address(self) -> Ask:
        return self._in_the_office("user_changelist", query=f"?q={MARIA}")

    def admin_events(self) -> Ask:
        return self._in_the_office("accountevent_changelist")

    def admin_user(self) -> Ask:
        # Somebody who has been there for long.
        return self._in_the_office("user_change", args=(432,))

    def _in_the_office(self, page: str, *, query: str = "", args: Any = ()) -> Ask:
        browser = self.browser()
        browser.submit(self.paths["login"], identifier="boss", password=PASSWORD)
        path = reverse(f"admin:useraccounts_{page}", args=args)
        return replace(browser.ask(path + query), proof=shows("boss"))
