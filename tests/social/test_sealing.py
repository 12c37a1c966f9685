"""What a database keeps and cannot read."""

import base64
import hashlib
import hmac

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from django_useraccounts.social.sealing import seal, unseal


def test_what_is_sealed_can_be_opened_again_and_not_be_read():
    sealed = seal("the token of Frida, née Calderón")

    assert "token" not in sealed
    assert sealed.isascii()
    assert unseal(sealed) == "the token of Frida, née Calderón"


@pytest.mark.asvs("11.3.4")
def test_the_same_text_is_never_sealed_the_same_way():
    assert seal("token") != seal("token")


@pytest.mark.asvs("11.3.1")
def test_what_is_sealed_does_not_show_where_it_repeats_itself():
    sealed = base64.urlsafe_b64decode(seal("sixteen letters." * 64))

    blocks = [sealed[start : start + 16] for start in range(len(sealed) - 15)]
    assert len(blocks) == len(set(blocks))


@pytest.mark.asvs("11.2.2")
def test_an_old_key_opens_what_was_sealed_under_it(settings):
    sealed = seal("token")

    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "a new secret"
    assert unseal(sealed) == "token"

    again = seal("token")
    settings.SECRET_KEY_FALLBACKS = []
    assert unseal(sealed) is None
    assert unseal(again) == "token"


@pytest.mark.parametrize(
    "text", ["", "token", "ö", "\udc80", "\0", "gAAAAA==" * 10, "gAAAAA" * 10, "A" * 20]
)
def test_what_was_never_sealed_opens_to_nothing(text):
    assert unseal(text) is None


@pytest.mark.asvs("11.3.3")
def test_a_damaged_seal_opens_to_nothing():
    sealed = seal("token")

    assert unseal(sealed[:-10] + "A" * 10) is None
    assert unseal(sealed[:-10]) is None
    assert unseal(f"{sealed[:10]} {sealed[10:]}") is None


@pytest.mark.asvs("11.2.3", "11.3.2")
def test_a_seal_is_made_by_aes_of_256_bits_in_gcm_mode(settings):
    raw = base64.urlsafe_b64decode(seal("token"))
    key = hmac.digest(settings.SECRET_KEY.encode(), b"django_useraccounts.social.sealing", "sha256")

    assert len(key) * 8 == 256
    assert AESGCM(key).decrypt(raw[:12], raw[12:], None) == b"token"


def test_the_secret_key_itself_is_no_key(settings):
    raw = base64.urlsafe_b64decode(seal("token"))
    digest = hashlib.sha256(settings.SECRET_KEY.encode()).digest()

    with pytest.raises(InvalidTag):
        AESGCM(digest).decrypt(raw[:12], raw[12:], None)
