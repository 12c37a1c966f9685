"""What the choir does when it hears of something."""

from typing import Any

from django.dispatch import receiver

from django_useraccounts.signals import email_confirmed

from .models import Notice, Singer


@receiver(email_confirmed)
def welcome_on_the_board(user: Singer, **news: Any) -> None:
    Notice.objects.create(text=f"{user} sings {user.get_voice_display()} with us.")
