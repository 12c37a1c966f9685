"""The page of the tour."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ..debugging import debug_only
from . import accounts, coming_in, the_site
from .chapters import Chapter, Feature

CHAPTERS: tuple[Chapter, ...] = (*coming_in.CHAPTERS, *accounts.CHAPTERS, *the_site.CHAPTERS)
FEATURES: tuple[Feature, ...] = tuple(one for chapter in CHAPTERS for one in chapter.features)


@debug_only
def tour(request: HttpRequest) -> HttpResponse:
    page = {"chapters": CHAPTERS, "number": len(FEATURES)}
    return render(request, "guild/tour/tour.html", page)
