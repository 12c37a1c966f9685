"""How the forms of the account pages become HTML: by templates that the project can override."""

from functools import cached_property

from django.forms.renderers import BaseRenderer, DjangoTemplates
from django.template import TemplateDoesNotExist
from django.template.loader import get_template


class AccountRenderer(BaseRenderer):
    """
    Look for each template as for any page of the project, then among Django's own for forms.

    So one ``useraccounts/field.html`` in the project restyles every field, which Django's default
    renderer, with an engine of its own, would not see.
    """

    form_template_name = "useraccounts/form.html"
    field_template_name = "useraccounts/field.html"

    @cached_property
    def _django(self) -> DjangoTemplates:
        return DjangoTemplates()

    def get_template(self, template_name: str):  # type: ignore[no-untyped-def]
        try:
            return get_template(template_name)
        except TemplateDoesNotExist:
            return self._django.get_template(template_name)
