"""What the club asks of a new member."""

from django import forms

from django_useraccounts.registration.forms import RegisterForm


class ClubRegisterForm(RegisterForm):
    """Fields called like columns of the member go there by their names; others are the view's."""

    birthday = forms.DateField()
    how_did_you_find_us = forms.CharField(required=False)
