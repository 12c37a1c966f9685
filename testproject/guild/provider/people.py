"""Whom the provider knows. They have no accounts of the guild, until they log in there."""

from dataclasses import dataclass

Claims = dict[str, str | bool | int]


@dataclass(frozen=True)
class Person:
    """Somebody to be at the provider."""

    subject: str
    given_name: str
    family_name: str
    #: What happens to who comes back to the guild as this person.
    about: str
    email: str = ""
    is_verified: bool = False

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}"

    def claims(self, scopes: set[str]) -> Claims:
        """Return what a site is told that asked for ``scopes`` (OpenID Connect Core 5.4)."""
        told: Claims = {"sub": self.subject}
        if "profile" in scopes:
            told |= {"name": self.name, "given_name": self.given_name}
            told |= {"family_name": self.family_name, "preferred_username": self.subject}
        if "email" in scopes and self.email:
            told |= {"email": self.email, "email_verified": self.is_verified}
        return told


PEOPLE = {
    person.subject: person
    for person in (
        Person(
            "hannah",
            "Hannah",
            "Höch",
            "has an address of the guild, which needs no confirming",
            "hannah@guild.example",
            is_verified=True,
        ),
        Person(
            "kurt",
            "Kurt",
            "Schwitters",
            "has an address that nobody has verified: the guild writes a mail to it",
            "kurt@merz.example",
        ),
        Person(
            "sophie",
            "Sophie",
            "Taeuber",
            "keeps her address to herself, so the guild asks her for one",
        ),
        Person(
            "kahlo",
            "Frida",
            "Kahlo",
            "has the address of frida's account, which she has to prove is hers",
            "frida@guild.example",
            is_verified=True,
        ),
    )
}
