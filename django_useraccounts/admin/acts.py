"""What an action of a list does: the same flow with each of the rows that were ticked."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME, AdminForm
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from ..batches import in_batches
from ..errors import AccountError, SessionEnded
from ..models import AbstractUser
from ..transactions import repeat_undone
from .bases import ModelAdmin

#: How many rows are loaded at once.
BATCH = 500
#: How many refusals are told one by one, and how many rows are named before something is done.
TOLD = 20


def act_on_each(
    model_admin: ModelAdmin,
    request: HttpRequest,
    rows: QuerySet[Any],
    flow: Callable[..., object],
    *,
    done: Callable[[int], str],
    name: Callable[[Any], object] = str,
) -> None:
    """
    Call ``flow`` with each row, and tell of every one with which it cannot be done.

    What the database undoes for another transaction is done again: the rows before it are done.
    It stops for an administrator who is locked out meanwhile, or may not do this any more.
    ``done`` returns the sentence about how many it was done with, short of those of which the flow
    returns False, since there was nothing to do; ``name`` what a row is called.
    """
    number = refused = 0
    # All of a list may be meant, which no memory holds.
    for row in in_batches(rows, batch=BATCH):
        try:
            _refuse_who_may_no_more(model_admin, request)
        except AccountError as error:
            model_admin.message_user(request, error.messages[0], messages.ERROR)
            break
        try:
            number += _act_on(row, request, flow) is not False
        except SessionEnded as error:
            # Of the own account, just now: as above.
            model_admin.message_user(request, error.messages[0], messages.ERROR)
            break
        except AccountError as error:
            refused += 1
            if refused <= TOLD:
                sentence = f"{name(row)}: {error.messages[0]}"
                model_admin.message_user(request, sentence, messages.ERROR)
    if refused > TOLD:
        more = refused - TOLD
        sentence = ngettext(
            "%(number)d more entry was refused.", "%(number)d more entries were refused.", more
        ) % {"number": more}
        model_admin.message_user(request, sentence, messages.ERROR)
    if number or not refused:
        model_admin.message_user(request, done(number), messages.SUCCESS)


def _act_on(row: Any, request: HttpRequest, flow: Callable[..., object]) -> object:
    """Do it with one row, which may be of the account of who acts; return what the flow does."""
    acts: Any = request.user
    own: Any = None
    is_user = isinstance(row, AbstractUser)
    if acts.pk == (row.pk if is_user else getattr(row, "user_id", None)):
        own = row if is_user else row.user

    def act() -> object:
        if own is not None:
            # As the session knows it: so the flow sees that it has ended meanwhile.
            own.session_epoch = acts.session_epoch
        return flow(row, by=acts, request=request)

    def restore() -> None:
        # Whoever closes the own account is logged out by the try that was undone.
        request.user = acts

    done = repeat_undone(act, restore=restore)
    if own is not None:
        # What the flow has ended itself: the other rows are wanted, too.
        acts.session_epoch = own.session_epoch
    return done


def _refuse_who_may_no_more(model_admin: ModelAdmin, request: HttpRequest) -> None:
    """Take the administrator as stored now; raise what ends the action that was sent."""
    acts: Any = request.user
    if acts.is_anonymous:
        # The own account was closed.
        raise SessionEnded
    epoch = acts.session_epoch
    try:
        # In place: what a middleware has put on it, such as the proof of a second factor, stays.
        acts.refresh_from_db()
    except ObjectDoesNotExist:
        raise SessionEnded from None
    if acts.is_closed or acts.session_epoch != epoch:
        raise SessionEnded
    # One for above the list and one for below it; where none was chosen it is "".
    sent = set(request.POST.getlist("action")) - {""}
    is_let_in = model_admin.admin_site.has_permission(request)
    if not is_let_in or not sent <= model_admin.get_actions(request).keys():
        raise AccountError(_("You may not do this any more."))


@dataclass(frozen=True)
class Asked:
    """What the page between a list and its action asks; ``form`` has ``answers(request)``."""

    action: str
    title: str | Promise
    form: forms.Form
    #: What a row is called.
    name: Callable[[Any], object] = str


def ask_then_act(
    model_admin: ModelAdmin,
    request: HttpRequest,
    rows: QuerySet[Any],
    flow: Callable[..., object],
    *,
    ask: Asked,
    done: Callable[[int], str],
) -> TemplateResponse | None:
    """
    Return the page that asks, until its form is right; then act on each row like ``act_on_each``.

    The page sends the same action to the list once more, with ``apply`` and what the form asks.
    """
    if ask.form.is_valid():
        act_on_each(model_admin, request, rows, flow, done=done, name=ask.name)
        return None
    # What shows the fields of a model form as Django's own pages do shows those of any form.
    form: Any = ask.form
    fieldsets: list[Any] = [(None, {"fields": list(form.fields)})]
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.model._meta,
        "title": ask.title,
        "action": ask.action,
        "form": form,
        "fieldsets": AdminForm(form, fieldsets, {}, model_admin=model_admin),
        "media": model_admin.media + form.media,
        "names": [ask.name(row) for row in rows[:TOLD]],
        "more": max(0, rows.count() - TOLD),
        # All of a list, which may be long, is sent as that, not one by one.
        "select_across": request.POST.get("select_across") == "1",
        "checkbox": ACTION_CHECKBOX_NAME,
        "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
    }
    request.current_app = model_admin.admin_site.name
    return TemplateResponse(request, "useraccounts/admin/ask_first.html", context)


def answers(request: HttpRequest) -> Any:
    """Return what was typed on the page that asks first, None before it was shown."""
    return request.POST if "apply" in request.POST else None
