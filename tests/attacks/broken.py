"""Parts of a site that fail: a hasher, validators, a policy, mail servers; and one that counts."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib.auth.backends import BaseBackend
from django.core.exceptions import PermissionDenied
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.locmem import EmailBackend

from django_useraccounts.policy import Policy
from testproject.test_settings import QuickArgon2


class CountingHasher(QuickArgon2):
    """Argon2 that notes how often it was made to work, and on passwords of which length."""

    work: ClassVar[list[str]] = []
    lengths: ClassVar[list[int]] = []

    def encode(self, password: str, *args: Any, **kwargs: Any) -> str:
        self.work.append("encode")
        self.lengths.append(len(password))
        hashed: str = super().encode(password, *args, **kwargs)
        return hashed

    def verify(self, password: str, *args: Any, **kwargs: Any) -> bool:
        self.work.append("verify")
        self.lengths.append(len(password))
        right: bool = super().verify(password, *args, **kwargs)
        return right


class BrokenHasher(QuickArgon2):
    def encode(self, password: str, salt: str) -> str:
        raise RuntimeError("no memory left")

    def verify(self, password: str, encoded: str) -> bool:
        raise RuntimeError("no memory left")


class StrongerHasher(QuickArgon2):
    """The same hasher after the site has raised its cost: old hashes are renewed when used."""

    time_cost = 2


class BrokenValidator:
    """As a validator that asks a service which does not answer."""

    def validate(self, password: str, user: object = None) -> None:
        raise RuntimeError("the service is away")

    def get_help_text(self) -> str:
        return ""


class BrokenPolicy(Policy):
    def may_register(self, *, request: Any) -> bool:
        if request is not None and request.method == "POST":
            raise RuntimeError("the policy is away")
        return True

    def may_log_in(self, user: Any, *, request: Any) -> bool:
        raise RuntimeError("the policy is away")


class ClosedPolicy(Policy):
    def may_register(self, *, request: Any) -> bool:
        return False


class RefusingMail(BaseEmailBackend):
    """A mail server that is away."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        raise ConnectionRefusedError("connection refused")


class TalkativeMail(BaseEmailBackend):
    """A provider whose error repeats what it was sent, as UnicodeEncodeError and some APIs do."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        body = " ".join(word for word in str(email_messages[0].body).split() if "//" in word)
        raise ValueError(f"cannot send {body}")


class StutteringMail(EmailBackend):
    """A mail server that fails the first time."""

    failures: ClassVar[list[str]] = []

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        if not self.failures:
            self.failures.append("once")
            raise TimeoutError("timed out")
        return int(super().send_messages(messages))


class DyingMail(BaseEmailBackend):
    """The process is ended while it sends."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        raise SystemExit


class NobodyPolicy(Policy):
    def may_log_in(self, user: Any, *, request: Any) -> bool:
        return False


class ArtistsOnlyPolicy(Policy):
    """Who has the permission makes artists, and nothing else."""

    def may_grant(self, user: Any, role_names: Any) -> bool:
        return set(role_names) <= {"artist"} and user.has_perm("useraccounts.add_rolegrant")


class ArtistsInvitedOnlyPolicy(ArtistsOnlyPolicy):
    """The same where nobody registers without an invitation."""

    def may_register(self, *, request: Any) -> bool:
        return False


class RefusingBackend(BaseBackend):
    """A second factor, or a directory of the firm, that lets nobody in: no other is asked."""

    def authenticate(self, request: Any, **credentials: Any) -> None:
        raise PermissionDenied


class SecondFactor(BaseBackend):
    """A site's own second factor: without its code no other backend is asked."""

    def authenticate(self, request: Any, **credentials: Any) -> None:
        if request is not None and request.POST.get("code") != "123456":
            raise PermissionDenied
