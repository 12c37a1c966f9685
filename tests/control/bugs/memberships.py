"""Bugs of paid memberships: whoever says so has paid."""

from tests.control.bug import Bug, Change

HOOK, EVENTS = "tests/memberships/test_webhook.py::", "tests/memberships/test_events.py::"

BUGS = (
    Bug(
        name="unsigned-webhook",
        row="-",
        what="Whoever finds the address of the webhook tells of payments.",
        whose="naive",
        changes=(
            Change(
                "memberships/stripe/client.py",
                "    except stripe.SignatureVerificationError:\n        raise UnsignedEvent from None\n",
                "    except stripe.SignatureVerificationError:\n        return\n",
            ),
        ),
        tests=(HOOK + "test_what_stripe_has_not_signed_lately_is_refused",),
    ),
    Bug(
        name="replayed-webhook",
        row="-",
        what="What was signed once can be played again for ever.",
        whose="naive",
        changes=(
            Change("memberships/stripe/client.py", "stripe.Webhook.DEFAULT_TOLERANCE", "None"),
        ),
        tests=(HOOK + "test_what_stripe_has_not_signed_lately_is_refused",),
    ),
    Bug(
        name="test-money",
        row="-",
        what="A card for testing pays for a membership of the real site.",
        whose="naive",
        changes=(
            Change(
                "memberships/stripe/events.py",
                'or dig(tree, "livemode") is not is_live:',
                "or False:",
            ),
        ),
        tests=(HOOK + "test_a_site_with_a_live_key_takes_live_events_alone",),
    ),
    Bug(
        name="late-event-revives",
        row="-",
        what="An event that comes late brings back what has ended.",
        whose="naive",
        changes=(
            Change(
                "memberships/flows/events.py",
                "if news.version <= membership.version:",
                "if False:",
            ),
        ),
        tests=(EVENTS + "test_what_has_ended_stays_so_whatever_is_told_later",),
    ),
    Bug(
        name="paid-by-another",
        row="-",
        what="An event about one customer gives its role to another user.",
        whose="naive",
        changes=(
            Change(
                "memberships/flows/events.py",
                'if event.user_key not in {"", str(customer.user_id)}:',
                "if False:",
            ),
        ),
        tests=(EVENTS + "test_an_event_that_names_another_user_than_its_customers_is_foreign",),
    ),
    Bug(
        name="counted-twice-at-once",
        row="-",
        what="An event that is delivered twice at once counts twice, or breaks.",
        whose="naive",
        changes=(
            Change(
                "memberships/flows/events.py",
                "customers = StripeCustomer.objects.select_for_update()",
                "customers = StripeCustomer.objects.all()",
            ),
        ),
        tests=(
            "tests/attacks/test_S_races_of_memberships.py::test_S_one_event_that_is_delivered_six_times_at_once_counts_once",
        ),
        database="postgresql",
    ),
)
