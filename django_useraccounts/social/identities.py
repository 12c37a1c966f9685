"""Who somebody is at a provider."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields


def identity_key(issuer: str, subject: str) -> str:
    """
    Return one ASCII key of issuer and subject, which name a person for ever (OIDC Core 5.7).

    Hashed, since subjects tell large from small letters, and databases do not all do so.
    """
    # No issuer contains a NUL: no two pairs share a text.
    return hashlib.sha256(f"{issuer}\0{subject}".encode("utf-8", "replace")).hexdigest()


@dataclass(frozen=True)
class Identity:
    """What a provider has said of the person who came back from it."""

    #: The name of the provider in USERACCOUNTS["SOCIAL"]["PROVIDERS"].
    provider: str
    issuer: str
    subject: str
    #: As the provider has it, which may be no address at all; "" for none.
    email: str = ""
    #: Does the provider both have authority over the address and say that it is verified?
    is_email_proved: bool = False
    username: str = ""
    first_name: str = ""
    last_name: str = ""
    #: Tokens to keep, encrypted; "" for none.
    tokens: str = field(default="", repr=False)

    @property
    def key(self) -> str:
        return identity_key(self.issuer, self.subject)

    @property
    def label(self) -> str:
        """What its owner knows it by."""
        full_name = f"{self.first_name} {self.last_name}".strip()
        return self.email or self.username or full_name or self.subject

    def as_kept(self) -> dict[str, str | bool]:
        """Return what a session can hold."""
        return asdict(self)

    @classmethod
    def read(cls, kept: object) -> "Identity":
        """Read what ``as_kept`` wrote; ValueError for anything else."""
        if not isinstance(kept, Mapping) or kept.keys() != {f.name for f in fields(cls)}:
            raise ValueError("no identity")
        return cls(**kept)
