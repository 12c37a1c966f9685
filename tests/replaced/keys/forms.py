from django import forms
from django.utils.translation import gettext_lazy as _

from django_useraccounts.fields import AccountForm


class ReturnKeyForm(AccountForm):
    door = forms.CharField(label=_("Door"), max_length=40)
