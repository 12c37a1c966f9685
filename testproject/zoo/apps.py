from django.apps import AppConfig


class ZooConfig(AppConfig):
    name = "testproject.zoo"
    default_auto_field = "django.db.models.BigAutoField"
