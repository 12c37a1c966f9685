"""Bugs of mail: what gets into it, when it leaves, and how often."""

from tests.control.bug import Bug, Change

P, T = "tests/attacks/test_P_mail.py::", "tests/attacks/test_T_outages.py::"

BUGS = (
    Bug(
        name="header-injection",
        row="P1",
        what="A line break in a name begins a header, or breaks the mail.",
        whose="naive",
        changes=(
            Change(
                "message.py",
                '" ".join(render_to_string(f"{folder}/subject.txt", context).split())',
                'render_to_string(f"{folder}/subject.txt", context).strip()',
            ),
        ),
        tests=(
            P + "test_P1_a_line_break_in_the_name_of_the_site_makes_no_header",
            "tests/ground/test_mail.py::test_a_subject_never_has_a_line_break",
        ),
    ),
    Bug(
        name="words-of-a-stranger",
        row="P4",
        what="A stranger has the site mail words of his own, as the name of an account.",
        whose="many",
        changes=(
            Change(
                "message.py",
                "if mail.user is None or (mail.secret and mail.secret.purpose == CONFIRM_EMAIL.name):",
                "if mail.user is None:",
            ),
        ),
        tests=(P + "test_P4_a_mail_to_an_address_that_nobody_proved_holds_no_text_of_a_stranger",),
    ),
    Bug(
        name="mail-before-commit",
        row="P7",
        what="A mail tells of what is then rolled back.",
        whose="many",
        changes=(
            Change(
                "mail.py",
                "transaction.on_commit(lambda: _set_out(mail.pk, how), robust=True)",
                "_set_out(mail.pk, how)",
            ),
        ),
        tests=(
            P + "test_P7_work_that_is_undone_sends_no_mail",
            P + "test_P7_no_mail_leaves_before_the_commit",
        ),
    ),
    Bug(
        name="sent-twice",
        row="T9",
        what="Two workers send the same mail.",
        whose="naive",
        changes=(
            Change(
                "mail.py",
                "OutgoingMail.objects.due().filter(pk=mail.pk, attempts=mail.attempts)",
                "OutgoingMail.objects.filter(pk=mail.pk)",
            ),
        ),
        tests=(
            T + "test_T9_two_workers_with_one_mail_send_it_once",
            "tests/ground/test_mail.py::test_a_worker_that_read_the_row_before_another_one_took_it_does_not_get_it",
        ),
    ),
    Bug(
        name="mail-of-the-dead-worker",
        row="T9",
        what="The mail of a process that dies while it sends is lost.",
        whose="naive",
        changes=(
            Change(
                "mail.py",
                'attempts=F("attempts") + 1, due_at=timezone.now() + LEASE)',
                'attempts=F("attempts") + 1, due_at=None)',
            ),
        ),
        tests=(T + "test_T9_a_process_that_dies_while_it_sends_lets_another_one_try_later",),
    ),
    Bug(
        name="link-in-the-log",
        row="A14",
        what="What a mail server says, and the link that it quotes, is kept in the clear.",
        whose="naive",
        changes=(Change("mail.py", "what = as_kept(repr(error))", "what = repr(error)"),),
        tests=(
            "tests/attacks/test_A_registration.py::test_A14_the_error_that_is_kept_holds_no_link",
        ),
    ),
    Bug(
        name="act-without-a-trace",
        row="T8",
        what="What cannot be written down is done all the same.",
        whose="naive",
        changes=(
            Change(
                "passwords/flows.py",
                "    AccountEvent.objects.record(kind, user=user, actor=user, request=request)\n",
                "    try:\n"
                "        with transaction.atomic():\n"
                "            AccountEvent.objects.record(kind, user=user, actor=user, request=request)\n"
                "    except Exception:  # noqa: BLE001, S110\n"
                "        pass\n",
            ),
        ),
        tests=(T + "test_T8_what_cannot_be_written_down_is_not_done",),
    ),
)
