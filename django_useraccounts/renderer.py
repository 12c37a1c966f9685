"""How the forms of the account pages become HTML: by templates that the project can override."""

from functools import cached_property

from django.forms.renderers import BaseRenderer, DjangoTemplates
from django.template import TemplateDoesNotExist, engines
from django.template.loader import get_template


class AccountRenderer(BaseRenderer):
    """
    Look for each template as for any page of the project, then among Django's own for forms.

    So one ``useraccounts/field.html`` in the project restyles every field, which Django's default
    renderer, with an engine of its own, would not see.
    """

    form_template_name = "useraccounts/form.html"
    field_template_name = "useraccounts/field.html"

    def __init__(self) -> None:
        super().__init__()
        #: What the engines of the project do not have: to raise and catch that is dear.
        self._missing: tuple[object, set[str]] = (None, set())

    @cached_property
    def _django(self) -> DjangoTemplates:
        return DjangoTemplates()

    def get_template(self, template_name: str):  # type: ignore[no-untyped-def]
        missing = self._missing_now()
        if template_name not in missing:
            try:
                return get_template(template_name)
            except TemplateDoesNotExist:
                missing.add(template_name)
        return self._django.get_template(template_name)

    def _missing_now(self) -> set[str]:
        # Other engines come with other settings, in tests.
        if engines.templates is not self._missing[0]:
            self._missing = (engines.templates, set())
        return self._missing[1]
