"""Attacks on mailed links, and on whose an address is."""

from django_useraccounts.models import UserEmail

from ..places import STRANGER, Place
from .attacks import Attack, Part, proved
from .scene import Scene, url

CHOSEN, OTHER = "chosen by agatha herself", "chosen by who came later"


def use_twice(scene: Scene) -> None:
    agatha = scene.person("agatha")
    own, mallory = scene.browser("Agatha"), scene.browser("Mallory")
    own.send(url("forgot_password"), email=agatha.email)
    link = scene.link_mailed_to(agatha.email)
    page, same_page = own.open(link), mallory.open(link)
    own.send(page, new_password=CHOSEN)
    late = mallory.send(same_page, new_password=OTHER)
    scene.check("Who comes second is refused.", late.status_code == 410)
    again = mallory.get(mallory.open(link))
    scene.check("The link does not open its page any more.", again.status_code == 410)
    agatha.refresh_from_db()
    scene.check("The password is the one that Agatha has chosen.", agatha.check_password(CHOSEN))


def change_a_letter(scene: Scene) -> None:
    agatha, mallory = scene.person("agatha"), scene.browser("Mallory")
    mallory.send(url("forgot_password"), email=agatha.email)
    link = scene.link_mailed_to(agatha.email)
    start = link.rindex("/", 0, -1) + 1
    for place in (start, start + 30, len(link) - 2):
        letter = "A" if link[place] != "A" else "B"
        changed = f"{link[:place]}{letter}{link[place + 1 :]}"
        refused = mallory.get(mallory.open(changed)).status_code == 404
        scene.check(f"With another letter at place {place - start + 1} it is no link.", refused)
    elsewhere = link.replace("reset-password", "confirm-email")
    refused = mallory.get(mallory.open(elsewhere)).status_code == 404
    scene.check("On the page of another kind of link it opens nothing.", refused)
    opens = mallory.get(mallory.open(link)).status_code == 200
    scene.check("The link itself opens its page.", opens)


def look_ahead(scene: Scene) -> None:
    agatha = scene.person("agatha", confirmed=False)
    address = UserEmail.objects.get(user=agatha)
    scanner = scene.browser("A scanner")
    scene.browser("Agatha").send(url("resend_confirmation"), email=address.email)
    link = scene.link_mailed_to(address.email)
    for method in ("get", "head", "get"):
        scanner.get(link, method=method)
    scanner.get(scanner.open(link))
    address.refresh_from_db()
    scene.check("The address still waits for its confirmation.", not address.is_confirmed)


def claim_an_address(scene: Scene) -> None:
    victim = f"hers-{scene.person('agatha').email}"
    mallory, own = scene.browser("Mallory"), scene.browser("Its owner")
    mallory.send(url("register"), username="mallory-was-here", email=victim, password=OTHER)
    # Where people confirm later, the first browser is logged in to the account that it has made.
    later = scene.browser("Mallory")
    later.send(url("login"), identifier=victim, password=OTHER)
    scene.check("Nobody logs in by an address that is only claimed.", not later.is_logged_in())
    own.send(url("register"), username="the-owner-herself", email=victim, password=CHOSEN)
    link = scene.link_mailed_to(victim)
    own.send(own.open(link), answer="confirm")
    owner = UserEmail.objects.confirmed().get(email=victim).user
    scene.check("The address belongs to who has read the mail.", owner.check_password(CHOSEN))
    later.send(url("login"), identifier=victim, password=OTHER)
    scene.check("The password of the first claim opens nothing there.", not later.is_logged_in())


def take_over(scene: Scene) -> None:
    agatha = scene.person("agatha")
    before, evil = agatha.email, agatha.email.replace("@", ".mallory@")
    thief, own = scene.browser("A thief", agatha), scene.browser("Agatha")
    thief.send(url("add_email"), email=evil)
    thief.send(thief.open(scene.link_mailed_to(evil)), answer="confirm")
    ids = {row.email: row.pk for row in UserEmail.objects.filter(user=agatha)}
    thief.send(url("make_primary_email", ids[evil]))
    thief.send(url("remove_email", ids[before]))
    undo = scene.link_mailed_to(before)
    own.send(own.open(undo))
    left = {row.email for row in UserEmail.objects.filter(user=agatha)}
    scene.check("Agatha’s address is back, and the thief’s is gone.", left == {before})
    scene.check("The thief is logged out.", not thief.is_logged_in())
    thief.log_in(agatha)
    scene.check("The password that he knows opens nothing any more.", not thief.is_logged_in())


def look_alike(scene: Scene) -> None:
    agatha, mallory = scene.person("agatha"), scene.browser("Mallory")
    for address in ("agatha@guild.example\r\nBcc: all@guild.example", "a@b.example, c@d.example"):
        answer = mallory.send(url("forgot_password"), email=address)
        scene.check("Two addresses, or a line too many, are none.", answer.status_code == 200)
    mallory.send(url("forgot_password"), email=agatha.email.upper())
    link = scene.link_mailed_to(agatha.email)
    scene.check("Another spelling is mailed to the address that is stored.", link)


PART = Part(
    "links",
    "Links and addresses",
    "Who reads a mail, or has a link from somewhere, tries to make more of it than it is.",
    (
        Attack(
            "link-twice",
            "Use a link twice",
            "A link in an old mail, or in the history of a browser, that still works.",
            do=(
                "Forget frida’s password, and open the link in the mailbox.",
                "Set a new password.",
                "Open the link again.",
            ),
            see="“This link was used already”, and a way to ask for a new one.",
            why=(
                "A link is a row, and using it is one statement in the transaction of what it "
                "does. Of two who press the button at the same moment, one comes second."
            ),
            tests=proved(
                "D_passwords",
                "test_D4_a_second_use_that_looked_at_the_link_before_the_first_is_refused",
            )
            + proved("S_races", "test_S2_D4_two_simultaneous_resets_set_one_password"),
            place=Place("useraccounts:forgot_password", STRANGER),
            trial=use_twice,
            needs="emails",
        ),
        Attack(
            "link-changed",
            "Change one letter of a link",
            "The link of somebody else, a few letters away from the own one.",
            do=(
                "Forget vincent’s password, and copy the link from the mailbox.",
                "Change one letter of it, and open it.",
                "Open it as a link of another kind: confirm-email instead of reset-password.",
            ),
            see="A page that knows no such link, whichever letter it was.",
            why=(
                "The second half of a link is a code over the row of the first: its purpose, its "
                "person, its address, its end. It is in no table, so a stolen database opens "
                "nothing either."
            ),
            tests=proved(
                "B_confirmation", "test_B2_a_link_opens_only_the_page_that_it_was_made_for"
            )
            + proved("O_secrets_at_rest", "test_O3_a_stolen_table_opens_nothing_without_the_key"),
            place=Place("useraccounts:forgot_password", STRANGER),
            trial=change_a_letter,
            needs="emails",
        ),
        Attack(
            "scanner",
            "Have a mail scanner follow the link",
            "Programs that look into mail open each link, and confirm what nobody has read.",
            do=(
                "Join the guild, and copy the link from the mailbox.",
                "Ask for it with curl -iL, several times.",
                "Open it in the browser.",
            ),
            see="The page still asks whether it was you.",
            why="Looking changes nothing. Only the button of the page does.",
            tests=proved("B_confirmation", "test_B4_looking_at_a_link_changes_nothing"),
            place=Place("mailbox"),
            trial=look_ahead,
            needs="emails",
        ),
        Attack(
            "claimed-address",
            "Register with an address before its owner does",
            "When she comes, her account is already there, with a password that somebody else "
            "knows.",
            do=(
                "Join with an address that you cannot read, and leave its mail alone.",
                "Log in by that address.",
                "Join with it once more, as its owner, and confirm it.",
            ),
            see="The first account cannot log in by the address, and the second one owns it.",
            why=(
                "An unconfirmed claim owns nothing: it logs nobody in, receives no link and blocks "
                "nobody. Who proves an address first owns it."
            ),
            tests=proved(
                "A_registration",
                "test_A5_a_claim_that_nobody_proved_does_not_keep_the_owner_out",
                "test_A2_a_session_from_before_the_claim_dies_when_the_owner_sets_a_password",
            ),
            place=Place("useraccounts:register", STRANGER),
            trial=claim_an_address,
            needs="names and emails",
        ),
        Attack(
            "take-over",
            "Take an account over by its addresses",
            "With a password from somewhere: add an address, remove the owner’s, and be the owner.",
            do=(
                "Log in as georgia, and add an address of your own. Confirm it in the mailbox.",
                "Make it the primary one, and remove georgia’s.",
                "As georgia, read the mail in the mailbox, and follow “this was not me”.",
            ),
            see=(
                "The addresses are as they were, all sessions are over, and a new password has "
                "to be chosen."
            ),
            why=(
                "Each change is told to the addresses from before, with a link that takes back "
                "everything that was changed meanwhile. It works for seven days, whatever the "
                "thief does."
            ),
            tests=proved(
                "E_changes_of_addresses", "test_E3_every_mailbox_of_before_is_told_and_can_undo_it"
            ),
            place=Place("useraccounts:emails", "georgia"),
            trial=take_over,
            needs="several emails",
        ),
        Attack(
            "two-addresses",
            "Put a second address into a form",
            "A line break or a comma, and a copy of the link goes to the attacker.",
            do=(
                "Forget the password of “a@b.example, c@d.example”.",
                "Forget that of FRIDA@GUILD.EXAMPLE, and look into the mailbox.",
            ),
            see=(
                "The first is no address. The second is mailed to frida@guild.example, as it is "
                "stored."
            ),
            why=(
                "An address is parsed as one mailbox, compared by a key in ASCII, and mail goes to "
                "the stored one, never to what was typed."
            ),
            tests=proved("P_mail", "test_P2_two_addresses_are_none")
            + proved(
                "D_passwords",
                "test_D1_a_link_goes_to_the_stored_address_only_and_never_to_one_that_looks_like_it",
            ),
            place=Place("useraccounts:forgot_password", STRANGER),
            trial=look_alike,
            needs="emails",
        ),
        Attack(
            "provider",
            "Take an account over by a provider",
            "A provider says that somebody has Frida’s address, and the guild believes it.",
            do=(
                "Log in by the guild’s own provider, and continue as Frida Kahlo.",
                "She has the address of frida’s account; the provider says that it is verified.",
            ),
            see=(
                "You are asked to prove that the account is yours: by its password, or by a mail "
                "to it."
            ),
            why=(
                "People are known by the provider’s number for them, never by an address. An "
                "address says at most which account somebody should prove."
            ),
            tests=proved(
                "G_social_thieves",
                "test_A3_no_account_of_the_staff_is_handed_over",
                "test_G17_an_address_that_a_provider_tells_later_is_nobodys_here",
            )
            + proved("G_social", "test_G_a_forged_signature_lets_nobody_in"),
            place=Place("useraccounts:social_login", STRANGER, ("guild",)),
            needs="provider",
        ),
    ),
)
