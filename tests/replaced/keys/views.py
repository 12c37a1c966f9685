from typing import Any

from django import forms
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView

from django_useraccounts.mixins import RolesRequiredMixin
from django_useraccounts.views import AccountPage, FlowView

from .flows import return_key
from .forms import ReturnKeyForm
from .models import Key


class KeysView(RolesRequiredMixin, AccountPage, TemplateView):
    roles_required = ("keeper",)
    template_name = "useraccounts/keys/keys.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        keys = Key.objects.filter(keeper=self.user).order_by("door")
        return super().get_context_data(keys=keys, **kwargs)


class ReturnKeyView(RolesRequiredMixin, FlowView):
    roles_required = ("keeper",)
    template_name = "useraccounts/keys/return_key.html"
    form_class = ReturnKeyForm
    success_url = reverse_lazy("useraccounts:keys")
    success_message = _("Thank you for the key.")

    def perform(self, form: forms.Form) -> None:
        return_key(self.user, form.cleaned_data["door"], request=self.request)
