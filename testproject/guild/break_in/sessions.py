"""Attacks on who is logged in."""

from ..people import PASSWORD
from ..places import Place
from .attacks import Attack, Part, proved
from .scene import Scene, alike, name_of, url

NEW = "a new one, of agatha’s own"


def outlive_a_password(scene: Scene) -> None:
    agatha = scene.person("agatha")
    own, thief = scene.browser("Agatha", agatha), scene.browser("A thief", agatha)
    own.send(url("change_password"), old_password=PASSWORD, new_password=NEW)
    thief.get(url("profile"))
    scene.check("The thief is logged out.", not thief.is_logged_in())
    scene.check("Agatha goes on where she is.", own.is_logged_in())


def plant_a_session(scene: Scene) -> None:
    agatha = scene.person("agatha")
    mallory, own = scene.browser("Mallory"), scene.browser("Agatha")
    mallory.send(url("forgot_password"), email=agatha.email)
    planted = mallory.session or "a" * 32
    own.session = planted
    scene.tell("Mallory", "puts a session into Agatha’s browser", planted)
    own.log_in(agatha)
    scene.check("Agatha’s session has a key of its own.", own.session not in {"", planted})
    mallory.session = planted
    mallory.get(url("profile"))
    scene.check("The planted one is nobody’s.", not mallory.is_logged_in())


def use_a_stolen_session(scene: Scene) -> None:
    agatha = scene.person("agatha")
    own, thief = scene.browser("Agatha", agatha), scene.browser("A thief")
    thief.session = own.session
    scene.tell("A thief", "copies the cookie from Agatha’s browser")
    thief.send(url("change_password"), old_password="a guess", new_password=NEW)
    agatha.refresh_from_db()
    scene.check("He sets no password without the old one.", agatha.check_password(PASSWORD))
    own.send(url("logout"))
    scene.check("Agatha logs out, and he is out, too.", not thief.is_logged_in())


def go_back(scene: Scene) -> None:
    agatha = scene.person("agatha")
    browser = scene.browser("Agatha", agatha)
    page, key = browser.get(url("profile")), browser.session
    kept = page.headers.get("Cache-Control", "")
    scene.tell("The guild", "says of the page", f"Cache-Control: {kept}")
    scene.check("No browser keeps the page.", "no-store" in kept)
    browser.send(url("logout"))
    browser.session = key
    again = browser.get(url("profile"))
    scene.check("The cookie from before leads to the login.", again.status_code == 302)


def mix_two_tabs(scene: Scene) -> None:
    agatha, mallory = scene.person("agatha"), scene.person("mallory")
    browser = scene.browser("Agatha", agatha)
    browser.send(url("login"), identifier=name_of(mallory), password=PASSWORD)
    stays = str(agatha.pk) == browser.client.session.get("_auth_user_id")
    scene.check("Agatha is still Agatha: a form from an old tab switches nobody.", stays)


def reach_for_another(scene: Scene) -> None:
    agatha, mallory = scene.person("agatha"), scene.person("mallory")
    scene.browser("Agatha", agatha)
    thief = scene.browser("Mallory", mallory)
    session, address = agatha.login_sessions.latest("pk").pk, agatha.emails.get().pk
    hers = [url("end_session", session), url("remove_email", address)]
    never = [url("end_session", "6f1c1d1e-0000-4000-8000-000000000000"), url("remove_email", 2**31)]
    for path, other in zip(hers, never, strict=True):
        same = alike(thief.send(path), thief.send(other), path[1:], other[1:])
        scene.check("What is Agatha’s is answered as what has never been.", same)
    there = agatha.login_sessions.live(agatha).exists() and agatha.emails.confirmed().exists()
    scene.check("Her session and her address are still there.", there)


PART = Part(
    "sessions",
    "Sessions",
    "Who has the cookie, or had the password, tries to stay.",
    (
        Attack(
            "old-session",
            "Stay logged in after the password was changed",
            "Whoever knew the old password is in already, and stays.",
            do=(
                "Log in as frida in two browsers.",
                "Change the password in one of them.",
                "Go to any page in the other one.",
            ),
            see="It asks you to log in.",
            why=(
                "A number of the account is part of each session. A new password raises it, and "
                "all other sessions are over at their next request, however many there are."
            ),
            tests=proved(
                "D_passwords",
                "test_D12_a_change_ends_every_other_session_and_renews_this_one",
                "test_D12_a_reset_ends_every_session_this_one_too",
            ),
            place=Place("useraccounts:change_password", "frida"),
            trial=outlive_a_password,
        ),
        Attack(
            "planted-session",
            "Plant a session before the login",
            "Frida logs in, in a session whose key the attacker knows.",
            do=(
                "Look up the cookie “sessionid” before you log in, if there is one.",
                "Log in, and look again.",
            ),
            see="Another cookie.",
            why=(
                "A login begins a session with a new key and nothing of the old one in it; so does "
                "giving the password once more."
            ),
            tests=proved(
                "C_login",
                "test_C4_a_planted_session_is_worth_nothing_after_the_login",
                "test_C4_nothing_of_another_users_session_goes_over",
            ),
            trial=plant_a_session,
            needs="emails",
        ),
        Attack(
            "stolen-cookie",
            "Do harm with a stolen cookie",
            "With the session alone: set a password, and the account is mine.",
            do=(
                "Log in as groucho, and copy the cookie “sessionid” to another browser.",
                "Change the password there, without the old one.",
                "Log out in the first browser.",
            ),
            see="The old password is asked for. When groucho logs out, the other one is out, too.",
            why=(
                "What would take an account over asks for the password, or for a login within "
                "the last minutes. Wrong ones are counted."
            ),
            tests=proved(
                "D_passwords",
                "test_D16_a_stolen_session_cannot_set_a_password_without_the_old_one",
                "test_D16_a_stolen_session_cannot_guess_the_old_one_for_long",
            ),
            place=Place("useraccounts:change_password", "groucho"),
            trial=use_a_stolen_session,
        ),
        Attack(
            "back-button",
            "Go back after the logout",
            "On a machine that others use, the button “Back” shows what was on the screen.",
            do=("Log in as georgia, and look at her addresses.", "Log out.", "Go back."),
            see="The browser asks for the page again, and is sent to log in.",
            why=(
                "No browser and no proxy keeps an account page: no-store. The session is deleted, "
                "not only forgotten by the browser."
            ),
            tests=proved("V_headers", "test_V3_what_was_seen_is_gone_after_the_logout")
            + proved("C_login", "test_C7_logout_leaves_nothing_of_the_session"),
            place=Place("useraccounts:emails", "georgia"),
            trial=go_back,
        ),
        Attack(
            "two-tabs",
            "Send an old form from a second tab",
            "Somebody logs in in one tab, and a form in another one makes somebody else of them.",
            do=(
                "Open the login in two tabs.",
                "Log in as frida in the first, and as heinz in the second.",
                "Look who you are.",
            ),
            see="Frida. The second tab leads on to where she is logged in.",
            why=(
                "Who is logged in already is not switched by a form, and a page that was made for "
                "somebody else does nothing for who is there now."
            ),
            tests=proved("C_login", "test_a_second_login_in_another_tab_does_not_switch_the_user")
            + proved(
                "V_headers",
                "test_V5_a_stale_form_of_somebody_who_is_logged_in_by_now_leads_nowhere_else",
            ),
            trial=mix_two_tabs,
        ),
        Attack(
            "somebody-elses",
            "Reach for what is somebody else’s",
            "Addresses and sessions have numbers; one of them is Frida’s.",
            do=(
                "Log in as groucho, and look where he is logged in.",
                "Copy the address of a button “End”, log in as nova, and open it.",
            ),
            see="Not found, as if it had never been.",
            why="Each page asks for its row among those of the person who is logged in.",
            tests=proved("J_sessions", "test_J1_the_session_of_somebody_else_is_as_good_as_none")
            + proved(
                "E_changes_of_addresses",
                "test_E7_an_address_of_somebody_else_looks_like_one_that_never_was",
            ),
            place=Place("useraccounts:sessions", "groucho"),
            trial=reach_for_another,
        ),
    ),
)
