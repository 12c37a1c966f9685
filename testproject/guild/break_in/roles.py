"""Attacks on roles, on who may do what, and on what is paid."""

import json
import time

from django.contrib.auth import get_user_model
from django.urls import reverse

from django_useraccounts.invitations.models import Invitation
from django_useraccounts.memberships.models import ProviderEvent
from django_useraccounts.models import Role
from django_useraccounts.secrets import link_of

from ..places import STRANGER, Place
from .attacks import Attack, Part, proved
from .scene import Scene, url

MORE = {"is_superuser": "on", "is_staff": "on", "roles": "secret", "role": "secret"}


def register_as_more(scene: Scene) -> None:
    password = "a password that nobody knows yet"
    email = "mallory.was.here@guild.example"
    form = {"username": "mallory-was-here", "email": email, "password": password}
    scene.browser("Mallory").send(url("register"), **form, **MORE)
    user = get_user_model().objects.latest("pk")
    scene.tell("The guild", "has made", f"{user}: {', '.join(user.role_names)}")
    scene.check("A newcomer, like everybody.", user.role_names == {"newcomer"})
    scene.check("Neither staff nor superuser.", not (user.is_staff or user.is_superuser))


def post_more_columns(scene: Scene) -> None:
    agatha = scene.person("agatha")
    browser = scene.browser("Agatha", agatha)
    before = agatha.username, agatha.email, agatha.session_epoch
    form = {
        "first_name": "Agatha",
        "last_name": "C.",
        "username": "the-queen",
        "session_epoch": "9",
    }
    browser.send(url("edit_profile"), **form, email="root@guild.example", **MORE)
    agatha.refresh_from_db()
    scene.check("Her first name is new.", agatha.first_name == "Agatha")
    after = agatha.username, agatha.email, agatha.session_epoch
    scene.check("Username, address and sessions are what they were.", before == after)
    plain = not (agatha.is_staff or agatha.is_superuser or agatha.role_names)
    scene.check("She has no right and no role more.", plain)


def knock_in_every_way(scene: Scene) -> None:
    browser = scene.browser("Agatha", scene.person("agatha", "secret"))
    for method in ("get", "head", "post", "put", "patch", "delete", "options"):
        browser.client.handler.enforce_csrf_checks = False
        answer = browser.get(reverse("cellar"), method=method)
        scene.check(f"{method.upper()} is refused.", answer.status_code == 403)


def come_as_superuser(scene: Scene) -> None:
    root = scene.person("agatha", is_staff=True, is_superuser=True)
    browser = scene.browser("A superuser", root)
    for door in ("cellar", "studio", "backstage"):
        answer = browser.get(reverse(door))
        scene.check(f"The {door} stays shut.", answer.status_code == 403)


def invite_an_agent(scene: Scene) -> None:
    host = scene.person("agatha", "host")
    ids = {role.name: role.pk for role in Role.objects.all()}
    form = {"email": "", "uses": "1", "note": "", "days": "7", "roles": [ids["secret"]]}
    browser = scene.browser("A host", host)
    browser.send(url("invite"), **form)
    none = not Invitation.objects.filter(invited_by=host).exists()
    scene.check("Nobody is invited as an agent.", none)


def invite_twice(scene: Scene) -> None:
    host = scene.person("agatha", "host")
    browser = scene.browser("A host", host)
    form = {"email": "", "uses": "1", "note": "", "days": "7"}
    browser.send(url("invite"), **form)
    invitation = Invitation.objects.get(invited_by=host)
    link = url("accept_invitation", str(link_of(invitation.link)))
    page = None
    for who in ("bertha", "carla"):
        guest = scene.browser(who.title(), scene.person(who))
        page = guest.send(guest.open(link))
    invitation.refresh_from_db()
    scene.check("One of them was let in.", invitation.uses == 1)
    scene.check("The other one comes too late.", page and page.status_code == 410)


def forge_a_payment(scene: Scene) -> None:
    event = {"id": "evt_forged", "object": "event", "type": "invoice.paid", "data": {"object": {}}}
    body, mallory = json.dumps(event), scene.browser("Mallory")
    for signature in ("", "t=1,v1=abc", f"t={int(time.time())},v1={'0' * 64}"):
        answer = mallory.forge(url("stripe_webhook"), body, stripe_signature=signature)
        said = signature or "no signature"
        scene.check(f"With {said[:24]} it is refused.", answer.status_code == 400)
    none = not ProviderEvent.objects.filter(event_id="evt_forged").exists()
    scene.check("Nothing is written down of it.", none)


PART = Part(
    "roles",
    "Roles and rights",
    "Who has an account tries to become more than that.",
    (
        Attack(
            "register-as-more",
            "Register as a superuser",
            "A field more in the form: is_superuser=on.",
            do=(
                "Join with the tools of your browser open, and add a field “is_superuser”.",
                "Add “roles” with the value “secret”, too.",
            ),
            see="A newcomer, like everybody.",
            why=(
                "A form gives the flow what the form has asked for, by name. No page of the "
                "accounts grants anything."
            ),
            tests=proved(
                "A_registration", "test_K4_fields_that_the_form_does_not_have_change_nothing"
            )
            + proved("K_roles", "test_K4_no_page_of_the_accounts_grants_anything"),
            place=Place("useraccounts:register", STRANGER),
            trial=register_as_more,
        ),
        Attack(
            "more-columns",
            "Post columns that the profile does not ask for",
            "The profile saves a user, and a user has more columns than the page has fields.",
            do=(
                "Log in as pablo, and edit the profile.",
                "Add fields to the form: username, email, is_staff.",
            ),
            see="The names are saved, and nothing else.",
            why=(
                "The form is made of the fields that the model lists for people, and knows no "
                "others."
            ),
            tests=proved(
                "A_registration", "test_K4_fields_that_the_form_does_not_have_change_nothing"
            )
            + proved(
                "profile/test_edit_profile",
                "test_what_is_not_named_by_the_model_cannot_be_edited",
            ),
            place=Place("useraccounts:edit_profile", "pablo"),
            trial=post_more_columns,
        ),
        Attack(
            "every-method",
            "Knock at a guarded door in another way",
            "A guard that is asked for GET and POST, and not for HEAD or PUT.",
            do=(
                "Log in as moneypenny, who keeps secrets and is no agent.",
                "Go to the cellar.",
                "Ask for it by HEAD, POST, PUT, PATCH, DELETE and OPTIONS.",
            ),
            see="Forbidden, by each of them.",
            why=(
                "A guard stands before the whole view, whatever the method. A role whose name is "
                "misspelled lets nobody in, and a guard without roles does not even load."
            ),
            tests=proved(
                "K_roles",
                "test_K9_every_method_is_guarded",
                "test_K1_an_unknown_role_lets_nobody_in",
            ),
            place=Place("cellar", "moneypenny", status=403),
            trial=knock_in_every_way,
        ),
        Attack(
            "superuser",
            "Come as a superuser",
            "Who may do everything in the administration may enter everywhere.",
            do=("Log in as the caretaker, who is a superuser.", "Try the doors."),
            see="They stay shut. The page tells the staff which role is missing, and nobody else.",
            why=(
                "A role is what somebody is, not what somebody may: nobody starves by being an "
                "administrator."
            ),
            tests=proved(
                "K_roles",
                "test_K5_superusers_and_staff_pass_only_with_the_role",
                "test_K5_what_is_missing_is_told_to_staff_only",
            ),
            place=Place("cellar", "caretaker", status=403),
            trial=come_as_superuser,
        ),
        Attack(
            "invite-an-agent",
            "Invite a friend as an agent",
            "A host may invite artists; the form takes the number of any role.",
            do=(
                "Log in as gertrude, and invite somebody.",
                "Change the value of a role in the form to that of another one.",
            ),
            see="“Select a valid choice”, and nobody is invited.",
            why=(
                "The form offers what policy allows, the flow asks policy once more, and so does "
                "the moment in which the guest accepts."
            ),
            tests=proved(
                "F_invitations",
                "test_F3_nobody_invites_as_what_they_may_not_make_of_people",
                "test_F3_F4_what_has_ended_meanwhile_is_accepted_in_no_way",
            ),
            place=Place("useraccounts:invite", "gertrude"),
            trial=invite_an_agent,
        ),
        Attack(
            "invitation-twice",
            "Pass an invitation on",
            "A link that was made for one lets in two.",
            do=(
                "Log in as gertrude, and make a link for one.",
                "Accept it as vincent.",
                "Accept it as nova.",
            ),
            see="The second one reads that the invitation has been used.",
            why=(
                "How many may use it, and how many have, is one statement in the transaction of "
                "what it gives."
            ),
            tests=proved(
                "F_invitations", "test_F1_an_invitation_for_one_is_used_once_in_whatever_way"
            )
            + proved(
                "S_races_of_invitations",
                "test_F1_of_twenty_who_register_with_one_invitation_one_gets_in",
            ),
            place=Place("useraccounts:invite", "gertrude"),
            trial=invite_twice,
        ),
        Attack(
            "forged-payment",
            "Forge the word of the payment service",
            "“Invoice paid”, sent by somebody else, and the supper club opens.",
            do=("Post an event to the webhook, without a signature or with one that is made up.",),
            see="400, and no membership.",
            why=(
                "Each event is signed over its body and its time, and names a customer whom the "
                "site has made itself. What is played again later is too old."
            ),
            tests=proved(
                "memberships/test_webhook",
                "test_what_stripe_has_not_signed_lately_is_refused",
                "test_what_was_heard_before_is_refused_when_it_is_played_again_later",
            ),
            curl="curl -i -d '{{}}' {origin}/accounts/stripe-webhook/",
            trial=forge_a_payment,
            needs="till",
        ),
    ),
)
