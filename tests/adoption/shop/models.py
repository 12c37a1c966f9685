"""The old shop: what it sells, who has ordered, and who likes what."""

from django.conf import settings
from django.db import models


class Cake(models.Model):
    name = models.CharField(max_length=50)
    fans = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="cakes")

    class Meta:
        app_label = "shop"

    def __str__(self) -> str:
        return self.name


class Order(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="orders")
    cake = models.ForeignKey(Cake, models.CASCADE)

    class Meta:
        app_label = "shop"

    def __str__(self) -> str:
        return f"{self.cake} for {self.user}"
