"""Where the pages of the guild are."""

from importlib.util import find_spec

from django.urls import include, path
from django.views.i18n import set_language

from django_useraccounts.decorators import guarded

from . import leaks, showcase, views
from .break_in import views as break_in
from .debugging import debug_only
from .tour.views import tour

#: All of it behind one lock: whoever may tread the stage may see what is behind it.
backstage = [
    path("", views.backstage, name="backstage"),
    path("prop-room/", views.prop_room, name="prop_room"),
]

urlpatterns = [
    path("", views.home, name="home"),
    path("doors/", views.doors, name="doors"),
    path("gallery/", views.gallery, name="gallery"),
    path("members/", views.Members.as_view(), name="members"),
    path("studio/", views.studio, name="studio"),
    path("supper-club/", views.supper_club, name="supper_club"),
    path("cellar/", views.cellar, name="cellar"),
    path("back-stairs/", views.BackStairs.as_view(), name="back_stairs"),
    path("garret/", views.garret, name="garret"),
    path("stage/", views.stage, name="stage"),
    path("backstage/", guarded(include(backstage), ["funny", "witty", "hilarious"])),
    path("strongbox/", views.strongbox, name="strongbox"),
    path("porch/", views.porch, name="porch"),
    path("wardrobe/", views.Wardrobe.as_view(), name="wardrobe"),
    path("language/", set_language, name="set_language"),
    path("tour/", tour, name="tour"),
    path("break-it/", break_in.break_in, name="break_in"),
    path("break-it/<slug:key>/", break_in.attack, name="attack"),
    path("borrow/", showcase.borrow, name="borrow"),
    path("source/<path:file>/", showcase.source, name="source"),
    path("leaks/range/<str:prefix>", debug_only(leaks.passwords)),
    path("mailbox/", views.mailbox, name="mailbox"),
    path("mailbox/<str:key>/", views.mail_html, name="mail_html"),
    path("mails/", views.mails, name="mails"),
    path("mails/<str:kind>/", views.sample_html, name="sample_html"),
]
# Without the library of Stripe nothing is sold.
if find_spec("stripe"):
    urlpatterns.append(path("till/", include("testproject.guild.till.urls")))
# Without Authlib nobody logs in by a provider.
if find_spec("authlib"):
    urlpatterns.append(path("provider/", include("testproject.guild.provider.urls")))
