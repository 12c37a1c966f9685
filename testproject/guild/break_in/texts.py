"""Attacks by what is typed: markup, letters that look alike, sizes; and by frames."""

import time

from ..places import STRANGER, Place
from .attacks import Attack, Part, proved
from .scene import Scene, url

SCRIPT = "<script>alert(1)</script>"
PASSWORD_OF_MALLORY = "a password that nobody knows yet"
#: What every account page says, and what it has to hold.
HEADERS = {
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'self'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def _register(scene: Scene, username: str) -> bool:
    """Try to register under a name, and say whether that was refused."""
    email = f"mallory{len(scene.steps)}@guild.example"
    form = {"username": username, "email": email, "password": PASSWORD_OF_MALLORY}
    return bool(scene.browser("Mallory").send(url("register"), **form).status_code == 200)


def write_a_script(scene: Scene) -> None:
    agatha = scene.person("agatha")
    browser = scene.browser("Agatha", agatha)
    browser.send(url("edit_profile"), first_name=SCRIPT, last_name='" onload="alert(1)')
    page = browser.get(url("edit_profile"))
    body = page.content.decode()
    scene.check("The page shows it as text.", "&lt;script&gt;alert(1)" in body)
    safe = SCRIPT not in body and '" onload="alert(1)' not in body
    scene.check("It is nowhere in the page as code.", safe)


def frame_a_page(scene: Scene) -> None:
    answer = scene.browser("Mallory").get(url("login"))
    for name, wanted in HEADERS.items():
        value = answer.headers.get(name, "")
        scene.check(f"{name}: {value}", wanted in value)


def look_like_somebody(scene: Scene) -> None:
    agatha = scene.person("agatha")
    name = agatha.username
    for spelling in (name.upper(), f" {name} ", name.replace("a", "а"), f"{name}\u200b"):
        refused = _register(scene, spelling)
        scene.check(f"{spelling!a} is refused.", refused)


def take_a_reserved_name(scene: Scene) -> None:
    for name in ("admin", "root", "Postmaster", "abuse"):
        scene.check(f"{name} is refused.", _register(scene, name))


def take_an_old_name(scene: Scene) -> None:
    agatha = scene.person("agatha")
    name, browser = agatha.username, scene.browser("Agatha", agatha)
    browser.send(url("change_username"), username=f"{name}-the-second")
    agatha.refresh_from_db()
    scene.check("Agatha has another name.", agatha.username != name)
    scene.check("Nobody else gets the old one.", _register(scene, name))


def send_a_lot(scene: Scene) -> None:
    agatha, mallory = scene.person("agatha"), scene.browser("Mallory")
    began = time.perf_counter()
    answer = mallory.log_in(agatha, "x" * 200_000)
    took = time.perf_counter() - began
    refused = answer.status_code == 200 and not mallory.is_logged_in()
    scene.check(f"It is refused, in {took * 1000:.0f} ms.", refused and took < 1)
    fields = {f"field{number}": "x" for number in range(2000)}
    many = mallory.client.post(url("login"), fields)
    scene.tell("Mallory", "POST /accounts/login/ with 2000 fields", str(many.status_code))
    scene.check("A form of 2000 fields is refused with 400.", many.status_code == 400)


PART = Part(
    "texts",
    "What is typed, and what is framed",
    "Names that are code, names that look like others, and pages inside of pages.",
    (
        Attack(
            "script",
            "Write a script into a name",
            "Whoever looks at the profile, or reads the mail, runs it.",
            do=(
                f"Log in as pablo, and call him {SCRIPT}.",
                "Look at each page where the name stands, at the mails, and at the administration.",
            ),
            see="The name is shown as it was typed. Nothing runs.",
            why=(
                "Every template escapes what people write, in HTML mails, too. And if one did not, "
                "the policy for content lets no inline script run."
            ),
            tests=proved("P_mail", "test_P4_markup_in_names_is_text_in_the_html")
            + proved("V_headers", "test_pages_pass_the_strictest_policy_for_content")
            + proved("F_invitations", "test_F6_markup_in_a_note_is_text"),
            place=Place("useraccounts:edit_profile", "pablo"),
            trial=write_a_script,
        ),
        Attack(
            "frame",
            "Put the page into a frame",
            "A game, and below it, unseen, the button that closes the account.",
            do=(
                "Look at the headers of any account page.",
                "Make a page with a frame that shows it, and open that.",
            ),
            see="An empty frame.",
            why=(
                "The headers stand on every answer of the account pages, refusals and redirects "
                "included, whatever middleware a project has."
            ),
            tests=proved(
                "V_headers",
                "test_V1_V3_no_page_is_framed_or_kept_or_told_to_others",
                "test_V1_V3_refusals_have_their_headers_too",
            ),
            curl="curl -sI {origin}/accounts/login/",
            trial=frame_a_page,
        ),
        Attack(
            "look-alike",
            "Register under a name that looks like another",
            "“frida”, with a Cyrillic а at the end.",
            do=(
                "Join as FRIDA.",
                "Join as frida, with the last letter from another alphabet: fridа.",
            ),
            see="The first is taken, the second has letters that are not allowed here.",
            why=(
                "Names are compared by one key that folds what reads the same. Where a site lets "
                "in letters beyond a to z, a name has those of one script."
            ),
            tests=proved(
                "Q_text",
                "test_Q2_letters_of_two_scripts_are_refused",
                "test_Q4_names_that_fold_into_one_have_one_owner",
            ),
            place=Place("useraccounts:register", STRANGER),
            trial=look_like_somebody,
            needs="usernames",
        ),
        Attack(
            "reserved-name",
            "Be the administrator, by name",
            "A mail from “admin”, or a page at /postmaster.",
            do=("Join as admin, as root, as postmaster.",),
            see="“This username is not available.”",
            why="Names that people take for the site’s own are reserved; policy can add to them.",
            tests=proved("A_registration", "test_A8_reserved_names_are_refused"),
            place=Place("useraccounts:register", STRANGER),
            trial=take_a_reserved_name,
            needs="usernames",
        ),
        Attack(
            "old-name",
            "Take a name that somebody has given up",
            "Old links and old friends lead to who has the name now.",
            do=(
                "Log in as vincent, and change his username.",
                "Log out, and join as vincent.",
            ),
            see="The name is taken, for ninety days. Vincent himself may have it back.",
            why=(
                "A name that was given up stays reserved for who had it, and so does that of an "
                "account that is gone."
            ),
            tests=proved(
                "S_races_of_names",
                "test_S1_a_name_that_is_given_up_cannot_be_registered_at_that_moment",
            )
            + proved("seams", "test_K_the_names_of_a_deleted_account_stay_reserved"),
            place=Place("useraccounts:change_username", "vincent"),
            trial=take_an_old_name,
            needs="usernames",
        ),
        Attack(
            "huge",
            "Send more than anybody types",
            "A password of a megabyte, which costs minutes to hash; a form of thousands of fields.",
            do=("Log in with a password of 200000 letters.", "Send a form with 2000 fields."),
            see="The sentence for a wrong password, and 400.",
            why="What is too long is refused before it is normalised or hashed.",
            tests=proved(
                "R_size",
                "test_R1_a_huge_password_is_refused_before_it_is_hashed",
                "test_R3_ten_thousand_fields_are_refused",
            ),
            trial=send_a_lot,
        ),
    ),
)
