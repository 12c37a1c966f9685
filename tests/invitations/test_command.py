"""The command that invites everybody in a list."""

import io
import sys

import pytest
from django.core.management import CommandError, call_command

from django_useraccounts.invitations.flows import invite
from django_useraccounts.invitations.models import Invitation
from django_useraccounts.models import OutgoingMail


@pytest.fixture
def run(maria, tmp_path, capsys):
    """Run the command on a list; return what it prints, what it reports, and how it fails."""

    def run_it(content, *options):
        path = tmp_path / "people.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        failure = ""
        try:
            call_command("useraccounts_invite", str(path), "--by", "maria", *options)
        except CommandError as error:
            failure = str(error)
        said = capsys.readouterr()
        return said.out, said.err.splitlines(), failure

    return run_it


def invited():
    return list(Invitation.objects.order_by("pk").values_list("email", flat=True))


def test_each_line_is_an_address(run):
    out, err, failure = run("a@example.com\n\n  b@example.com  \r\nc@example.com")

    assert invited() == ["a@example.com", "b@example.com", "c@example.com"]
    assert (out, err, failure) == ("3 invited, 0 not.\n", [], "")
    assert OutgoingMail.objects.filter(kind="accept_invitation").count() == 3


@pytest.mark.parametrize(
    "content",
    [
        "email\na@example.com\nb@example.com\n",
        'Name,Email\n"Arp, Hans",a@example.com\nBo,b@example.com\n',
        "name;EMAIL;town\nAda;a@example.com;London\nBo;b@example.com;Rome\n",
        "\ufeffemail,name\na@example.com,Ada\nb@example.com,Bo\n",
    ],
)
def test_a_header_names_the_column(run, content):
    assert run(content)[2] == ""

    assert invited() == ["a@example.com", "b@example.com"]


def test_every_bad_line_is_told_by_its_number_and_the_good_ones_are_done(run, maria):
    invite("twice@example.com", by=maria)
    lines = [
        "email,name",
        "a@example.com,Ada",
        "nonsense,Bo",
        "maria@example.com,Maria",
        "",
        "twice@example.com,Tom",
        "b@example.com,Bea",
        ",Nobody",
        "B@example.com,Bea again",
        '"unclosed',
        "x" * 300 + "@example.com,Long",
    ]

    _out, err, failure = run("\n".join(lines))

    assert invited() == ["twice@example.com", "a@example.com", "b@example.com"]
    assert failure == "2 invited, 7 not."
    assert [line.split(":")[0] for line in err] == [
        f"Line {number}" for number in (3, 4, 6, 8, 9, 10, 11)
    ]
    assert err[0] == "Line 3: nonsense: Enter an e-mail address like name@example.com."
    assert "an address of your own" in err[1]
    assert "invited this address already" in err[2]


def test_bytes_that_are_no_text_are_a_bad_line(run):
    _out, err, failure = run(b"a@example.com\n\xff\xfe@example.com\n\0@example.com\n")

    assert invited() == ["a@example.com"]
    assert [line.split(":")[0] for line in err] == ["Line 2", "Line 3"]
    assert failure == "1 invited, 2 not."


def test_roles_note_and_days_are_those_of_all(run):
    options = ["--role", "artist", "--role", "member", "--note", "Bring cake.", "--days", "3"]

    run("a@example.com", *options)

    invitation = Invitation.objects.get()
    assert {role.name for role in invitation.roles.all()} == {"artist", "member"}
    assert invitation.note == "Bring cake."
    assert (invitation.expires_at - invitation.created_at).days in {2, 3}


@pytest.mark.parametrize(
    "options, sentence",
    [
        (["--role", "emperor"], "There is no role “emperor”. Did you mean “member”?"),
        (["--by", "nobody"], "There is no user with the username “nobody”."),
    ],
)
def test_what_no_line_could_be_done_with_is_told_at_once(run, options, sentence):
    assert run("a@example.com", *options)[2] == sentence
    assert invited() == []


@pytest.mark.parametrize(
    "options, sentence",
    [
        (["--note", "www.evil"], "A note may have no links"),
        (["--days", "0"], "up to a year"),
        (["--days", "9999999"], "up to a year"),
    ],
)
def test_what_the_flow_refuses_is_told_for_each_line(run, options, sentence):
    _out, err, failure = run("a@example.com", *options)

    assert sentence in err[0]
    assert failure == "0 invited, 1 not."


def test_who_may_not_invite_is_told_so(run, maria):
    maria.user_permissions.clear()

    assert "You may not invite people." in run("a@example.com")[1][0]


def test_an_empty_list_invites_nobody(run):
    assert run("") == ("0 invited, 0 not.\n", [], "")


def test_a_file_that_is_not_there_is_told(maria):
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("useraccounts_invite", "/nowhere/people.csv", "--by", "maria")


def test_a_list_comes_from_the_input(maria, monkeypatch, capsys):
    stdin = io.TextIOWrapper(io.BytesIO(b"a@example.com\n"))
    monkeypatch.setattr(sys, "stdin", stdin)

    call_command("useraccounts_invite", "-", "--by", "maria@example.com")

    assert capsys.readouterr().out == "1 invited, 0 not.\n"


def test_without_an_origin_it_says_what_to_set(run, set_conf):
    set_conf(ORIGIN=None)

    assert "ORIGIN" in run("a@example.com")[2]
    assert invited() == []
