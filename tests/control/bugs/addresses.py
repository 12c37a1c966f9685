"""Bugs of addresses: changed before they are proved, told to strangers, lost to one another."""

from tests.control.bug import Bug, Change

ADD = "tests/emails/test_add_and_remove.py::"
OWN = "tests/emails/test_own_addresses.py::"
S = "tests/attacks/test_S_races_of_addresses.py::"

BUGS = (
    Bug(
        name="applied-before-proof",
        row="E2",
        what="A new address is in force before it is proved, be it mistyped.",
        whose="better-auth #7196, pinax, djoser",
        changes=(
            Change(
                "emails/flows/changing.py",
                "    return UserEmail.objects.add_claim(user, to.text)\n",
                "    user.email = to.text\n"
                '    user.save(update_fields=["email"])\n'
                "    return UserEmail.objects.add_claim(user, to.text)\n",
            ),
        ),
        tests=(ADD + "test_an_added_address_is_in_force_nowhere_before_it_is_proved",),
    ),
    Bug(
        name="old-mailbox-not-told",
        row="E3",
        what="Who has stolen a session changes the address, and the owner hears nothing.",
        whose="better-auth",
        changes=(Change("emails/flows/rows.py", "for row in told:", "for row in told[:0]:"),),
        tests=(
            "tests/attacks/test_seams.py::test_E3_a_further_address_that_can_reset_the_password_is_told_to_the_first",
        ),
    ),
    Bug(
        name="last-address-removed-at-once",
        row="E5",
        what="Two addresses that are removed at once leave none.",
        whose="naive",
        changes=(
            Change(
                "emails/flows/rows.py",
                "fresh: AbstractUser | None = users.select_for_update()",
                "fresh: AbstractUser | None = users.order_by()",
            ),
        ),
        tests=(S + "test_S5_E5_of_the_last_two_confirmed_addresses_one_stays",),
        database="postgresql",
    ),
    Bug(
        name="two-primaries",
        row="E6",
        what="An account has two addresses that are both the primary one.",
        whose="Flask-User, pinax",
        changes=(
            Change(
                "models/emails.py",
                'models.UniqueConstraint(fields=["user", "is_primary"], name="useraccounts_one_primary"),',
                "",
            ),
            Change(
                "emails/flows/rows.py",
                "    rows.filter(is_primary=True).update(is_primary=None)\n",
                "",
            ),
        ),
        tests=(
            ADD + "test_the_copy_of_the_user_follows_the_primary_address",
            "tests/ground/test_models.py::test_a_user_has_one_primary_address",
        ),
    ),
    Bug(
        name="address-of-another",
        row="E7",
        what="By its number anybody removes the address of somebody else.",
        whose="naive",
        changes=(
            Change(
                "emails/views.py",
                'UserEmail.objects.filter(user=self.user, pk=self.kwargs["address_id"])',
                'UserEmail.objects.filter(pk=self.kwargs["address_id"])',
            ),
        ),
        tests=(OWN + "test_an_address_of_somebody_else_is_as_good_as_none",),
    ),
    Bug(
        name="added-address-told",
        row="E8",
        what="Who adds an address is told that it has an account.",
        whose="allauth < 0.55.0, Flask-User",
        changes=(
            Change(
                "emails/flows/changing.py",
                "if owner and (confirmed or not is_own):",
                "if owner:",
            ),
        ),
        tests=(OWN + "test_a_foreign_address_looks_like_a_free_one",),
    ),
    Bug(
        name="quota-race",
        row="E9",
        what="Of many addresses that are added at once all are counted as the last one allowed.",
        whose="naive",
        changes=(
            Change(
                "emails/flows/rows.py",
                "fresh: AbstractUser | None = users.select_for_update()",
                "fresh: AbstractUser | None = users.order_by()",
            ),
        ),
        tests=(S + "test_E9_fifty_added_at_once_leave_no_more_than_the_limit",),
        database="postgresql",
    ),
    Bug(
        name="removed-address-stays",
        row="E11",
        what="An address that was removed still resets the password.",
        whose="naive",
        changes=(
            Change(
                "emails/flows/changing.py",
                "UserEmail.objects.filter(pk=row.pk).delete()",
                "UserEmail.objects.filter(pk=row.pk).update(is_primary=None)",
            ),
        ),
        tests=(
            "tests/attacks/test_E_addresses.py::test_E11_an_address_that_was_removed_logs_in_resets_and_confirms_nothing",
        ),
    ),
    Bug(
        name="domain-as-typed",
        row="E13",
        what="Two spellings of one domain are two addresses, with an owner each.",
        whose="Django",
        changes=(
            Change(
                "canonical.py",
                'idna.encode(domain, uts46=True).decode("ascii").lower()',
                "domain.lower()",
            ),
        ),
        tests=(
            "tests/attacks/test_E_addresses.py::test_E13_spellings_of_one_mailbox_have_one_key_and_one_owner",
        ),
    ),
    Bug(
        name="primary-by-get",
        row="E14",
        what="A picture on another site makes another address the primary one.",
        whose="Flask-User",
        changes=(
            Change(
                "emails/views.py",
                '    success_message = _("Your mail goes to %(email)s now.")\n',
                '    success_message = _("Your mail goes to %(email)s now.")\n\n'
                "    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:\n"
                "        make_primary(self.address, request=request)\n"
                "        return HttpResponseRedirect(self.get_success_url())\n",
            ),
        ),
        tests=(OWN + "test_opening_a_page_changes_nothing",),
    ),
)
