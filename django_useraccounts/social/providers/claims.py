"""What comes from outside, made fit for our own tables, or refused."""

from collections.abc import Mapping

from ..errors import BadAnswer

#: What a provider says of a person, by the names of OpenID Connect (Core 5.1).
Claims = Mapping[str, object]

NAME_LETTERS, EMAIL_LETTERS, SUBJECT_LETTERS = 150, 254, 255


def subject(claim: object) -> str:
    """
    Return whom the provider means, as it says it, or raise BadAnswer.

    Never cut or cleaned: two people could become one.
    """
    if isinstance(claim, int) and not isinstance(claim, bool):
        claim = str(claim) if abs(claim) < 10**30 else ""
    if not isinstance(claim, str) or not claim or not claim.isprintable():
        raise BadAnswer("subject")
    if len(claim) > SUBJECT_LETTERS:
        raise BadAnswer("subject")
    return claim


def email(claim: object) -> str:
    """Return an address as the provider says it; "" for what cannot be kept as it is."""
    # Cut or cleaned, it would be the address of somebody else.
    fits = isinstance(claim, str) and len(claim) <= EMAIL_LETTERS and claim.isprintable()
    return claim if fits and isinstance(claim, str) and "@" in claim else ""


def name(claim: object) -> str:
    """Return a name without what cannot be printed, cut to what a column holds; "" for no text."""
    if not isinstance(claim, str):
        return ""
    text = " ".join(claim[: 10 * NAME_LETTERS].split())
    return "".join(letter for letter in text if letter.isprintable())[:NAME_LETTERS].strip()


def full_name(claims: Claims) -> tuple[str, str]:
    """Return first and last name; those of a provider that knows only both as one are guessed."""
    first, last = name(claims.get("given_name")), name(claims.get("family_name"))
    if not first and not last:
        first, _space, last = name(claims.get("name")).partition(" ")
    return first, last
