"""Attacks of somebody who has no account: to learn who has one, to guess, to lead people astray."""

from django_useraccounts.models import OutgoingMail

from ..people import PASSWORD
from ..places import STRANGER, Place
from .attacks import Attack, Part, proved
from .scene import Scene, alike, name_of, url

NOBODY = "nobody.at.all@guild.example"
GUESS = "a guess that is wrong"
#: Where a login is asked to lead, in the spellings that browsers take for another host.
ELSEWHERE = (
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example/",
    "/\t/evil.example/",
    "javascript:alert(1)",
    ".evil.example",
)


def ask_at_login(scene: Scene) -> None:
    agatha, mallory = scene.person("agatha"), scene.browser("Mallory")
    known = mallory.send(url("login"), identifier=name_of(agatha), password=GUESS)
    unknown = mallory.send(url("login"), identifier=NOBODY, password=GUESS)
    same = alike(known, unknown, name_of(agatha), NOBODY)
    scene.check("Both answers are the same, letter by letter, but for what was typed.", same)


def ask_for_a_link(scene: Scene) -> None:
    agatha, mallory = scene.person("agatha"), scene.browser("Mallory")
    known = mallory.send(url("forgot_password"), email=agatha.email)
    page = mallory.get(url("mail_sent"))
    unknown = mallory.send(url("forgot_password"), email=NOBODY)
    other_page = mallory.get(url("mail_sent"))
    scene.check("Both lead to the same page.", alike(known, unknown))
    same = alike(page, other_page, agatha.email, NOBODY)
    scene.check("Both pages are the same, but for the address that was typed.", same)


def ask_at_registration(scene: Scene) -> None:
    agatha, mallory = scene.person("agatha"), scene.browser("Mallory")
    form = {"password": "a password that nobody knows yet"}
    taken = mallory.send(url("register"), username="mallory1", email=agatha.email, **form)
    free = scene.browser("Mallory").send(url("register"), username="mallory2", email=NOBODY, **form)
    for address in (agatha.email, NOBODY):
        mails = OutgoingMail.objects.filter(to=address)
        kinds = ", ".join(mail.kind for mail in mails)
        scene.tell("The guild", f"writes a mail to {address}", kinds)
        scene.check(f"{address} gets one mail, and only its reader learns more.", len(mails) == 1)
    scene.check("Both lead to the same page.", alike(taken, free))


def lead_away(scene: Scene) -> None:
    agatha = scene.person("agatha")
    for target in ELSEWHERE:
        browser = scene.browser("Agatha")
        form = {"identifier": name_of(agatha), "password": PASSWORD, "next": target}
        answer = browser.send(url("login"), **form)
        stays = answer.headers.get("Location") == "/"
        scene.check(f"She lands on the home page, not at {target!r}.", stays)


def poison_the_host(scene: Scene) -> None:
    agatha, mallory = scene.person("agatha"), scene.browser("Mallory")
    refused = mallory.forge(url("forgot_password"), {"email": agatha.email}, host="evil.example")
    scene.check("A host that is not the guild’s is refused with 400.", refused.status_code == 400)
    forwarded = {"x-forwarded-host": "evil.example", "forwarded": "host=evil.example"}
    mallory.send(url("forgot_password"), forwarded, email=agatha.email)
    scene.link_mailed_to(agatha.email)
    mail = OutgoingMail.objects.filter(to=agatha.email).latest("pk")
    own = mail.base_url == f"http://{scene.host}/"
    scene.check(f"The link that is mailed to her begins with {mail.base_url}", own)


def guess(scene: Scene) -> None:
    agatha = scene.person("agatha")
    own = scene.browser("Agatha", agatha)
    own.send(url("logout"))
    mallory, status, tries = scene.browser("Mallory"), 200, 0
    while status == 200 and tries < 40:
        tries += 1
        status = mallory.log_in(agatha, f"guess number {tries}").status_code
    scene.check(f"The guess number {tries} is not even looked at: 429.", status == 429)
    right = mallory.log_in(agatha)
    scene.check("Nor is the right password, from there.", right.status_code == 429)
    own.log_in(agatha)
    scene.check("Agatha gets in, in the browser that she has used before.", own.is_logged_in())


def send_from_elsewhere(scene: Scene) -> None:
    agatha = scene.person("agatha")
    browser = scene.browser("Agatha", agatha)
    form = {"old_password": PASSWORD, "new_password": "chosen by mallory, for agatha"}
    bare = browser.forge(url("change_password"), form, origin="https://evil.example")
    scene.check("A form without the token of the page is refused.", bare.status_code == 403)
    form["csrfmiddlewaretoken"] = browser.client.cookies["csrftoken"].value
    named = browser.forge(url("change_password"), form, origin="https://evil.example")
    scene.check("With the right token, but from another site: refused.", named.status_code == 403)
    agatha.refresh_from_db()
    scene.check("Her password is what it was.", agatha.check_password(PASSWORD))


def show_a_picture(scene: Scene) -> None:
    agatha = scene.person("agatha")
    browser = scene.browser("Agatha", agatha)
    browser.get(url("logout"))
    for method in ("head", "options", "put", "delete"):
        browser.get(url("logout"), method=method)
    scene.check("Agatha is still logged in.", browser.is_logged_in())


PART = Part(
    "strangers",
    "From the street",
    "Who has no account tries to learn who has one, to guess a password, or to send people astray.",
    (
        Attack(
            "who-has-an-account",
            "Ask the login who has an account",
            "“Wrong password” would mean that the name is right.",
            do=(
                "Log in as frida with a wrong password.",
                "Log in as somebody who does not exist, with any password.",
                "Compare the two pages.",
            ),
            see="The same sentence, the same status, the same time to wait.",
            why=(
                "The page has one sentence for all that can be wrong. Where there is no account, a "
                "password is hashed all the same, so that a stopwatch does not tell either."
            ),
            tests=proved(
                "U_enumeration",
                "test_U7_every_state_of_an_account_is_refused_alike",
                "test_U1_U2_exactly_one_hash_in_every_state",
            ),
            place=Place("useraccounts:login", STRANGER),
            trial=ask_at_login,
        ),
        Attack(
            "who-forgot-a-password",
            "Ask “Forgot your password?” who has an account",
            "“We do not know this address” would tell it to everybody.",
            do=(
                "Ask for a link to frida@guild.example.",
                "Ask for one to nobody.at.all@guild.example.",
                "Compare the pages, then look into the mailbox.",
            ),
            see="Two pages that are the same. Only the mailboxes know the difference.",
            why=(
                "Each state of an account takes the same way: the same statements, the same hash, "
                "the same rows. What differs is in the mail, and so only its owner reads it."
            ),
            tests=proved(
                "U_enumeration", "test_U1_U4_every_state_of_an_account_looks_and_costs_the_same"
            ),
            place=Place("useraccounts:forgot_password", STRANGER),
            trial=ask_for_a_link,
            needs="emails",
        ),
        Attack(
            "who-is-registered",
            "Register with somebody else’s address",
            "“This address is taken” would tell who is a member.",
            do=(
                "Register as anybody, with frida@guild.example.",
                "Register as somebody else, with an address of your own.",
                "Compare the pages, then look into the mailbox.",
            ),
            see=(
                "Both times: look into your mailbox. Frida reads that somebody has used her "
                "address."
            ),
            why=(
                "The account that is made holds a claim that can never be confirmed, and is "
                "cleared away. To refuse it would tell a stranger whose address is in use."
            ),
            tests=proved(
                "U_enumeration",
                "test_U1_exactly_one_mail_goes_to_the_address_in_every_state",
                "test_U1_the_sender_reads_the_own_words_and_not_the_stored_ones",
            ),
            place=Place("useraccounts:register", STRANGER),
            trial=ask_at_registration,
            needs="names and emails",
        ),
        Attack(
            "open-redirect",
            "Lead a login elsewhere",
            "A link to the real login, that ends on a page which looks like it.",
            do=(
                "Log in by a link that says where to go next: another host.",
                "Try other spellings: two slashes, a backslash, a tab, javascript:.",
            ),
            see="The login works, and leads to the home page.",
            why=(
                "Only a path of this site is followed: with a leading slash, no second one, no "
                "backslash, and it is never decoded twice."
            ),
            tests=proved("L_next", "test_L1_L2_L3_a_login_leads_nowhere_else"),
            place=Place("useraccounts:login", STRANGER, query=(("next", "https://evil.example/"),)),
            trial=lead_away,
        ),
        Attack(
            "host-header",
            "Poison the link in a mail",
            "The guild mails Frida a link that leads to the attacker, with the secret in it.",
            do=("Ask for a link for Frida, with a header that calls the guild evil.example.",),
            see="400, or a mail whose link leads to the guild.",
            why=(
                "Links are built from the configured origin, or from a host that Django has "
                "checked against ALLOWED_HOSTS. Headers that proxies send are not read."
            ),
            tests=proved(
                "D_passwords",
                "test_a_forged_host_chooses_no_link",
                "test_no_other_header_chooses_a_link_either",
            ),
            curl="curl -i -H 'Host: evil.example' {origin}/accounts/forgot-password/",
            trial=poison_the_host,
            needs="emails",
        ),
        Attack(
            "guessing",
            "Guess a password until it fits",
            "A list of a thousand passwords, and an evening.",
            do=(
                "Log in as vincent with a wrong password, again and again.",
                "Then try the right one.",
                "In a browser in which you have logged in as vincent before, the right one works.",
            ),
            see=(
                "After some tries the page asks you to wait: 429. Even the right password is not "
                "looked at."
            ),
            why=(
                "Attempts are counted in one statement of the database, by name, by client and by "
                "both, so that twenty at once are twenty. A browser that the owner has used before "
                "has a count of its own: strangers keep nobody out."
            ),
            tests=proved(
                "M_limits",
                "test_M4_the_last_attempt_that_is_allowed_is_allowed_and_refused_ones_count_once",
                "test_M5_a_stranger_who_fails_all_day_keeps_nobody_out_of_a_browser_that_is_trusted",
            ),
            place=Place("useraccounts:login", STRANGER),
            trial=guess,
        ),
        Attack(
            "forged-form",
            "Send a form from another site",
            "Frida opens a page with a picture of a cat, which changes her password meanwhile.",
            do=(
                "Send the form without the token of the page, as a page elsewhere would.",
                "Send it with the token, but as from another site.",
            ),
            see="403, and a page that says what has happened and how to go on.",
            why=(
                "Each page asks for Django’s token itself, also where a project has left the "
                "middleware out, and Django compares the origin."
            ),
            tests=proved("V_headers", "test_V5_no_form_of_another_site_changes_anything"),
            curl="curl -i -d 'identifier=frida&password=x' {origin}/accounts/login/",
            trial=send_from_elsewhere,
        ),
        Attack(
            "picture",
            "Log somebody out by a picture",
            "An <img> that leads to the logout, in a note or a mail.",
            do=(
                "Log in as anybody.",
                "Open the address of the logout, as a picture would.",
                "Go to any other page.",
            ),
            see="A page that asks whether you want to log out. You are still logged in.",
            why="Looking changes nothing: only a form that was sent from the page does.",
            tests=proved(
                "C_login",
                "test_C6_a_picture_cannot_log_anybody_out",
                "test_C6_a_form_of_another_site_cannot_log_anybody_out",
            ),
            place=Place("useraccounts:logout", "nova"),
            trial=show_a_picture,
        ),
    ),
)
