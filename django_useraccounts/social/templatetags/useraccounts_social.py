"""For templates: the buttons to log in by a provider."""

from typing import Any

from django import template

from ..models import Connection
from ..providers import all_providers

register = template.Library()


@register.inclusion_tag("useraccounts/social/buttons.html", takes_context=True)
def social_buttons(context: Any, *, purpose: str = "", without: str = "") -> dict[str, Any]:
    """
    Show a button for each provider, in the order of the settings: ``{% social_buttons %}``.

    Who comes back goes on to the path that the page's context holds as ``next``::

        {% with next=request.path %}{% social_buttons %}{% endwith %}

    The look needs ``useraccounts.css``, and the page a ``request`` in its context for the token
    against forged requests. With the purpose "prove", who is logged in proves it once more, by a
    provider that is connected. ``without`` is the name of a provider to leave out.
    """
    providers = [known for name, known in all_providers().items() if name != without]
    if purpose == "prove":
        # Anybody else's identity would be refused when it comes back.
        rows = Connection.objects.of(context["request"].user)
        connected = set(rows.values_list("provider", flat=True))
        providers = [provider for provider in providers if provider.name in connected]
    return {"providers": providers, "next": context.get("next"), "purpose": purpose}
