"""What the notice board says of a singer."""

from .models import Notice, Singer


def notices_of(singer: Singer) -> list[str]:
    return [notice.text for notice in Notice.objects.filter(text__startswith=f"{singer} ")]


def take_down(singer: Singer) -> None:
    Notice.objects.filter(text__startswith=f"{singer} ").delete()
