"""What is left of a singer who leaves is what the choir says."""

import io
import json
import zipfile

import pytest
from choir.models import Notice, Singer

from django_useraccounts.leaving.flows import erase_account, request_export
from django_useraccounts.models import AccountExport
from django_useraccounts.testing import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def maria():
    maria = make_user("maria", voice="alto")
    for text in ("maria sings Alto with us.", "mariana sings Bass with us."):
        Notice.objects.create(text=text)
    return maria


def test_what_the_board_says_is_in_the_download(maria, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        request_export(maria)

    with zipfile.ZipFile(io.BytesIO(AccountExport.objects.get().content)) as packed:
        assert json.loads(packed.read("notices.json")) == ["maria sings Alto with us."]
        assert json.loads(packed.read("account.json"))["voice"] == "alto"


def test_it_is_taken_down_when_the_singer_is_erased(maria):
    erase_account(maria)

    assert [notice.text for notice in Notice.objects.all()] == ["mariana sings Bass with us."]
    assert not Singer.objects.exists()


def test_of_a_bass_a_row_without_a_name_is_left():
    tom = make_user("tom", voice="bass", first_name="Tom")

    erase_account(tom)

    row = Singer.objects.get(pk=tom.pk)
    assert row.username.startswith("deleted-")
    assert (row.first_name, row.email, row.voice) == ("", "", "alto")
    assert not row.is_active
