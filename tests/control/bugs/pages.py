"""Bugs of pages: where they lead to, who keeps or frames them, whom they take for the client."""

from tests.control.bug import Bug, Change

L = "tests/attacks/test_L_next.py::"
V = "tests/attacks/test_V_headers.py::"
_CHECKED = 'return url if url_has_allowed_host_and_scheme(url, allowed_hosts=None) else ""'

BUGS = (
    Bug(
        name="host-by-backslash",
        row="L1",
        what="A wish leads to another host, whose name is written as browsers read it.",
        whose="Flask-Security-Too (CVE-2021-32618, CVE-2023-49438), Flask-User",
        changes=(
            Change(
                "views.py",
                '    if not url.startswith("/") or url.startswith("//") or "\\\\" in url:\n'
                '        return ""\n'
                f"    {_CHECKED}\n",
                "    from urllib.parse import urlsplit\n\n"
                '    return "" if urlsplit(url).netloc else url\n',
            ),
        ),
        tests=(
            L + "test_L1_L2_L3_a_login_leads_nowhere_else",
            "tests/ground/test_views.py::test_next_leads_to_no_other_place",
        ),
    ),
    Bug(
        name="decoded-twice",
        row="L2",
        what="A wish is decoded once more after it was checked.",
        whose="Flask-User",
        changes=(
            Change(
                "views.py",
                f"    {_CHECKED}\n",
                f"    from urllib.parse import unquote\n\n    {_CHECKED.replace('url if', 'unquote(url) if')}\n",
            ),
        ),
        tests=(L + "test_L1_L2_L3_a_login_leads_nowhere_else",),
    ),
    Bug(
        name="wish-without-slash",
        row="L3",
        what="“.evil.com” passes for a path, and is another host behind an origin.",
        whose="Django's check; frontends that join origin and wish",
        changes=(
            Change(
                "views.py",
                'if not url.startswith("/") or url.startswith("//")',
                'if url.startswith("//")',
            ),
        ),
        tests=("tests/ground/test_views.py::test_next_leads_to_no_other_place",),
    ),
    Bug(
        name="stored-wish-unchecked",
        row="L4",
        what="A wish that was stored is followed without a look.",
        whose="Keycloak (CVE-2024-8883), allauth < 65.14.1 (RelayState)",
        changes=(
            Change(
                "emails/views.py",
                "wanted = safe_next(self.secret.next_url)",
                "wanted = self.secret.next_url",
            ),
        ),
        tests=(L + "test_L4_even_one_that_was_stored_unchecked",),
    ),
    Bug(
        name="endless-redirects",
        row="L5",
        what="A wish for the login page sends who is logged in round in circles.",
        whose="naive",
        changes=(
            Change(
                "views.py",
                'self.next_url and self.next_url.split("?")[0] != self.request.path',
                "self.next_url",
            ),
        ),
        tests=("tests/ground/test_views.py::test_next_does_not_lead_round_in_circles",),
    ),
    Bug(
        name="pages-are-kept",
        row="D8",
        what="A proxy, or the button back, shows the pages of who was logged in.",
        whose="Flask-User",
        changes=(Change("headers.py", "    add_never_cache_headers(answer)\n", ""),),
        tests=("tests/attacks/test_D_passwords.py::test_D8_nothing_of_the_way_is_kept_by_a_cache",),
    ),
    Bug(
        name="pages-are-framed",
        row="V1",
        what="Another site lays its own over the button of ours.",
        whose="naive",
        changes=(
            Change(
                "headers.py",
                '    answer.headers.setdefault("X-Frame-Options", "DENY")\n',
                "",
            ),
        ),
        tests=(
            V + "test_V1_V3_no_page_is_framed_or_kept_or_told_to_others",
            "tests/ground/test_views.py::test_pages_are_not_kept_not_framed_and_not_told_to_others",
        ),
    ),
    Bug(
        name="client-names-itself",
        row="-",
        what="A client is counted by the address that it writes into X-Forwarded-For.",
        whose="naive",
        changes=(
            Change(
                "client.py",
                "forwarded[-min(conf.PROXIES, len(forwarded))]",
                "forwarded[0]",
            ),
        ),
        tests=(
            "tests/ground/test_client.py::test_only_what_the_proxies_of_the_site_have_written_is_believed",
            "tests/attacks/test_M_limits.py::test_a_stranger_cannot_choose_the_address_that_is_counted",
        ),
    ),
    Bug(
        name="reset-poisoning",
        row="-",
        what="A mailed link leads to the host that the request names.",
        whose="Django < 1.4.2 (CVE-2012-4520)",
        changes=(
            Change("site.py", "    if conf.ORIGIN:\n", "    if conf.ORIGIN and request is None:\n"),
        ),
        tests=(
            "tests/attacks/test_D_passwords.py::test_with_an_origin_the_host_is_nowhere_in_the_mail",
        ),
    ),
    Bug(
        name="outage-is-an-error",
        row="-",
        what="While the database is away every page is an error of the server.",
        whose="naive",
        changes=(
            Change("views.py", "OUTAGES = (OperationalError, InterfaceError)", "OUTAGES = ()"),
        ),
        tests=(
            "tests/attacks/test_T_outages.py::test_a_database_that_goes_away_answers_503_and_leaves_nothing_half_done",
        ),
    ),
)
