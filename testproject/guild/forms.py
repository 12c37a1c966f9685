"""The form of the wardrobe."""

from django import forms

from django_useraccounts.models import Role


class CostumeForm(forms.Form):
    """A role to put on or take off; each button of the page is one such form."""

    role = forms.ModelChoiceField(Role.objects.all(), to_field_name="name")
    action = forms.ChoiceField(choices=[("put_on", "Put on"), ("take_off", "Take off")])
