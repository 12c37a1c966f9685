"""What the library asks of a new reader."""

from django import forms

from django_useraccounts.registration.forms import RegisterForm


class ReaderRegisterForm(RegisterForm):
    town = forms.CharField()
    card_number = forms.CharField()
