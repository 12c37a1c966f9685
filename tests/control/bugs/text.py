"""Bugs of names and addresses as text: of two that look alike, of those that are too long."""

from tests.control.bug import Bug, Change

Q = "tests/attacks/test_Q_text.py::"

BUGS = (
    Bug(
        name="mixed-scripts",
        row="Q2",
        what="A name with a letter of another alphabet looks like that of somebody else.",
        whose="Django (UnicodeUsernameValidator)",
        changes=(
            Change(
                "canonical.py",
                "    if len(_scripts(name)) > 1:",
                "    if False:",
            ),
        ),
        tests=(Q + "test_Q2_letters_of_two_scripts_are_refused",),
    ),
    Bug(
        name="case-makes-two",
        row="Q4",
        what="Spellings of one name are names of several accounts.",
        whose="Django",
        changes=(Change("canonical.py", "key = _fold(text).encode(", "key = text.encode("),),
        tests=(Q + "test_Q4_names_that_fold_into_one_have_one_owner",),
    ),
    Bug(
        name="lower-case-alone",
        row="Q5",
        what="Names are compared in lower case alone, and one that is typed in wide letters is another.",
        whose="many",
        changes=(
            Change(
                "canonical.py",
                'unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).strip()',
                "text.casefold().strip()",
            ),
        ),
        tests=(Q + "test_Q5_a_key_of_a_username_is_stable_under_every_folding",),
    ),
    Bug(
        name="nul-in-a-name",
        row="Q6",
        what="A NUL in what is sent breaks every login that is not a form, such as one by a header.",
        whose="django-axes < 5.3.1",
        changes=(Change("canonical.py", ' or "\\0" in text:', ":"),),
        tests=(
            "tests/attacks/test_C_login.py::test_what_nobody_types_is_refused_by_the_backend_itself",
        ),
        database="postgresql",
    ),
    Bug(
        name="normalised-before-measured",
        row="Q7",
        what="A text of megabytes is normalised, which takes long, before it is refused.",
        whose="Django < 4.2.7 (CVE-2023-46695)",
        changes=(
            Change(
                "canonical.py",
                "    text = text.strip()\n    if len(text) > USERNAME_MAX_LENGTH:\n",
                "    text = text.strip()\n    if len(unicodedata.normalize('NFKC', text)) > USERNAME_MAX_LENGTH:\n",
            ),
        ),
        tests=(Q + "test_Q7_what_is_slow_to_normalise_is_refused_by_its_length_first",),
    ),
    Bug(
        name="grown-past-its-column",
        row="Q8",
        what="A name that grows when it is normalised is longer than it may be.",
        whose="naive",
        changes=(
            Change(
                "canonical.py",
                "    if not key or len(text) > USERNAME_MAX_LENGTH:\n",
                "    if not key:\n",
            ),
        ),
        tests=(
            Q + "test_Q8_a_text_that_grows_is_measured_again",
            "tests/ground/test_canonical.py::test_a_username_that_grows_when_it_is_normalised_is_refused",
        ),
    ),
    Bug(
        name="endless-local-part",
        row="R6",
        what="An address is taken that no mail server takes.",
        whose="Django (EmailValidator)",
        changes=(Change("canonical.py", "if len(local) > 64 or not", "if not"),),
        tests=("tests/attacks/test_R_size.py::test_R6_an_address_is_as_long_as_mail_servers_take",),
    ),
)
