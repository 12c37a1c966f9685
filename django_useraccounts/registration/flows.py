"""Register: one account for one person, telling strangers nothing about others."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth import authenticate, get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import password_changed as tell_validators
from django.db import IntegrityError, transaction
from django.db.models import Value
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.debug import sensitive_variables

from .. import signals
from ..browser import browser_key
from ..canonical import Name, clean_email, clean_username, email_key
from ..conf import conf
from ..emails.flows import mail_link, prove_first_email
from ..errors import AccountError, RegistrationClosed, UsernameTaken, ValueTaken
from ..identity import has_emails, has_usernames
from ..limits import spend
from ..models import AbstractUser, AccountEvent, OldUsername, UserEmail
from ..policy import policy
from ..roles.flows import grant_default_roles
from ..room import Admission


@dataclass(frozen=True)
class Registration:
    """What register made: the user, and its address, if any, which waits to be confirmed or is."""

    user: AbstractUser
    address: UserEmail | None


@sensitive_variables()
def register(
    username: str | None = None,
    *,
    email: str | None = None,
    password: str | None,
    proved_email: str = "",
    source: str = "",
    fields: Mapping[str, object] | None = None,
    terms_version: str = "",
    then: Callable[[AbstractUser], object] | None = None,
    browser_token: str = "",
    next_url: str = "",
    admission: Admission | None = None,
    request: HttpRequest | None = None,
) -> Registration:
    """
    Open an account, and mail the link that confirms its address.

    No validator is asked about ``password``: who calls it does that before, by Django's
    ``validate_password``.

    Without ``password`` nobody can log in by one: for those who come by another way, which
    ``source`` names, and which may have proved the address ``proved_email``; then that is confirmed
    without a mail, and EmailTaken is raised if it belongs to somebody.

    ``fields`` are columns of the user model besides, ``terms_version`` is that of the terms of
    service which the person has accepted, and ``then`` is called with the new user in the same
    transaction, for rows of the project's own. An ``admission`` lets in also where
    registration is closed, is used up in the same transaction, and has proved the address that it
    was mailed to; it may raise errors of its own, and EmailTaken.

    An address that belongs to somebody is registered all the same, as a claim that cannot be
    confirmed, and its owner is told: so nobody learns by registering whose address is in use. A
    second click with the same ``browser_token``, a secret of the browser, changes nothing. Raises
    RegistrationClosed, TooManyAttempts, UsernameTaken, InvalidUsername, InvalidEmail, and
    ValidationError for ``fields`` that their columns do not take.
    """
    if admission is None and not policy().may_register(request=request):
        raise RegistrationClosed
    name, to = _clean(username, email)
    spent = spend("register", identifier=next(n.key for n in (to, name) if n), request=request)
    wish = _Wish(
        name=name,
        to=to,
        # Before the transaction, so that no lock is held while the hash takes its time.
        password_hash=make_password(password),
        proved_email=proved_email,
        source=source,
        fields=fields or {},
        terms_version=terms_version,
        then=then,
        browser_key=browser_key(browser_token),
        next_url=next_url,
        admission=admission,
        request=request,
    )
    try:
        return _register(wish, password)
    except (UsernameTaken, ValueTaken):
        # No mail was sent: who looks for a free name may go on with the same address.
        spent.forgive_name()
        raise


@dataclass(frozen=True, kw_only=True)
class _Wish:
    """What somebody wants to register with, cleaned."""

    name: Name | None
    to: Name | None
    password_hash: str = field(repr=False)
    proved_email: str
    source: str
    fields: Mapping[str, object]
    terms_version: str
    then: Callable[[AbstractUser], object] | None
    browser_key: str
    next_url: str
    admission: Admission | None
    request: HttpRequest | None

    @property
    def registration_key(self) -> str | None:
        """Return what a second click has in common with the first, None without a browser."""
        names = (self.name.key if self.name else "", self.to.key if self.to else "")
        text = "\0".join((self.browser_key, *names))
        return hashlib.sha256(text.encode()).hexdigest() if self.browser_key else None

    def fulfil(self) -> Registration:
        """Write the user and all that belongs to it, and announce the mail."""
        user = _new_user(self.name, self.password_hash, self.fields)
        if self.terms_version:
            user.terms_version, user.terms_accepted_at = self.terms_version, timezone.now()
        with transaction.atomic():
            address, owner = _open(user, self.name, self.to, registration_key=self.registration_key)
            if address:
                self._begin_proof(address, owner)
            self._record(user)
            grant_default_roles(user, request=self.request)
            if self.then:
                self.then(user)
            signals.send_on_commit(signals.registered, user=user, request=self.request)
        return Registration(user, address)

    def _begin_proof(self, address: UserEmail, owner: UserEmail | None) -> None:
        """Mail the link, unless the way that led here has proved the address."""
        proved = {self.proved_email, self.admission.email if self.admission else ""} - {""}
        if address.email_key in map(email_key, proved):
            prove_first_email(address, request=self.request)
            return
        mail_link(
            address,
            owner=owner,
            next_url=self.next_url,
            browser_key=self.browser_key,
            request=self.request,
        )

    def _record(self, user: AbstractUser) -> None:
        """Write down who has registered, by what admission, and use that up."""
        details = {
            "admission": str(self.admission) if self.admission else "",
            "source": self.source,
            "terms": user.terms_version,
        }
        given = {name: value for name, value in details.items() if value}
        AccountEvent.objects.record(
            "registered", user=user, actor=user, details=given, request=self.request
        )
        if self.admission:
            self.admission.take(user, request=self.request)


@sensitive_variables()
def _register(wish: _Wish, password: str | None) -> Registration:
    """Register, or find what a first click has registered, or the person by name and password."""
    try:
        made = wish.fulfil()
    except (UsernameTaken, ValueTaken) as taken:
        again = (
            _same_registration(wish.registration_key, password)
            if wish.to
            else _same_person(wish.name, password, wish.request)
        )
        if again:
            return again
        made = _register_after_another(wish, taken)
    if password is not None:
        tell_validators(password, made.user)  # type: ignore[arg-type]
    return made


def _register_after_another(wish: _Wish, taken: AccountError) -> Registration:
    """Register what somebody else at the same browser has registered: that holds nobody up."""
    key = wish.registration_key
    with transaction.atomic():
        claim = UserEmail.objects.filter(registration_key=key)
        if not key or not claim.update(registration_key=None):
            raise _what_is(taken, wish.name, wish.fields) from None
        return wish.fulfil()


def _what_is(
    taken: AccountError, name: Name | None, fields: Mapping[str, object] | None
) -> AccountError:
    """Return the error that names what is taken: with columns of the project, it may be another."""
    users = get_user_model()._default_manager
    is_clash = isinstance(taken.__cause__, IntegrityError)
    if is_clash and name and fields and not users.filter(username_key=name.key).exists():
        return ValueTaken()
    return taken


def _new_user(name: Name | None, password_hash: str, fields: Mapping[str, object]) -> AbstractUser:
    columns = {"language": get_language() or "", **fields}
    user: AbstractUser = get_user_model()(password=password_hash, **columns)
    user.username = name.text if name else None
    user.clean_fields(exclude={f.name for f in user._meta.fields}.difference(fields))
    return user


def _clean(username: str | None, email: str | None) -> tuple[Name | None, Name | None]:
    """Return the names that an account has here; raise for one that it has to have."""
    has_name = has_usernames() and (conf.USERNAME == "required" or username or not has_emails())
    name = clean_username(username or "") if has_name else None
    return name, clean_email(email or "") if has_emails() else None


def _open(
    user: AbstractUser, name: Name | None, to: Name | None, *, registration_key: str | None
) -> tuple[UserEmail | None, UserEmail | None]:
    """Write the user and the claim; return the claim, and the proved address like it, if any."""
    address = None
    try:
        user.save()
        # After the row is written: whoever gives this name up at the same moment has done it now.
        in_the_way = _in_the_way(name, to)
        if to:
            address = UserEmail.objects.add_claim(user, to.text, registration_key=registration_key)
    except IntegrityError as clash:
        # Which of the unique columns it is tells each database in its own way.
        raise UsernameTaken if name else ValueTaken from clash
    owned = [UserEmail(user_id=pk, email=email) for pk, email in in_the_way if email]
    if len(owned) < len(in_the_way):
        raise UsernameTaken
    return address, owned[0] if owned else None


def _in_the_way(name: Name | None, to: Name | None) -> list[tuple[object, str]]:
    """
    Return user and address of who has proved the address, and user and "" for a reserved name.

    In one statement, the same whether there is something or not.
    """
    questions: list[Any] = []
    if to:
        owners = UserEmail.objects.confirmed().not_gone().addressed(to.text)
        questions.append(owners.order_by().values_list("user_id", "email"))
    if name:
        reserved = OldUsername.objects.reserved().filter(username_key=name.key)
        questions.append(reserved.values_list("user_id", Value("")))
    return list(questions[0].union(*questions[1:], all=True))


def _same_registration(key: str | None, password: str | None) -> Registration | None:
    """Return what this browser has just registered under the same names, if it has."""
    claim = UserEmail.objects.filter(registration_key=key).select_related("user").first()
    if key is None or claim is None:
        return None
    # Whoever uses the same browser, and the same names, is the same person only by the password.
    is_open = claim.user.is_active and not claim.user.is_gone
    is_same = is_open and claim.user.check_password(password)
    return Registration(claim.user, claim) if is_same else None


def _same_person(
    name: Name | None, password: str | None, request: HttpRequest | None
) -> Registration | None:
    """Return the account of a name whose password was given: without mail, that is the same."""
    user: Any = authenticate(request, username=name.text if name else "", password=password)
    return Registration(user, None) if user else None
