"""The register page of the library."""

from django import forms
from django.db import IntegrityError, transaction

from django_useraccounts.errors import AccountError
from django_useraccounts.models import AbstractUser
from django_useraccounts.registration.views import RegisterView

from .forms import ReaderRegisterForm
from .models import Profile


class CardTaken(AccountError):
    sentence = "Somebody has registered with this card."
    field = "card_number"


class ReaderRegisterView(RegisterView):
    form_class = ReaderRegisterForm

    def save_more(self, user: AbstractUser, form: forms.Form) -> None:
        data = form.cleaned_data
        try:
            with transaction.atomic():
                Profile.objects.create(
                    user=user, town=data["town"], card_number=data["card_number"]
                )
        except IntegrityError:
            raise CardTaken from None
