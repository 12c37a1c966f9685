"""The pages of the attacks: all of them, one of them, and one that is played."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from ..debugging import debug_only
from . import links, roles, sessions, strangers, texts
from .attacks import Attack, Part
from .scene import play

PARTS: tuple[Part, ...] = (strangers.PART, links.PART, sessions.PART, roles.PART, texts.PART)
ATTACKS: tuple[Attack, ...] = tuple(attack for part in PARTS for attack in part.attacks)


@debug_only
def break_in(request: HttpRequest) -> HttpResponse:
    page = {"parts": PARTS, "number": len(ATTACKS), "played": sum(a.can_be_played for a in ATTACKS)}
    return render(request, "guild/break_in/break_in.html", page)


@debug_only
def attack(request: HttpRequest, key: str) -> HttpResponse:
    """Tell of one attack; POST plays it, and undoes what it has done."""
    found = next((attack for attack in ATTACKS if attack.key == key), None)
    if found is None:
        raise Http404
    scene = None
    if request.method == "POST" and found.trial and found.can_be_played:
        scene = play(found.trial, host=request.get_host())
    curl = found.curl.format(origin=request.build_absolute_uri("/").rstrip("/"))
    page = {"attack": found, "scene": scene, "curl": curl}
    return render(request, "guild/break_in/attack.html", page)
