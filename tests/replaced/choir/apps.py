from django.apps import AppConfig

from django_useraccounts.personal_data import register_personal_data


class ChoirConfig(AppConfig):
    name = "choir"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import receivers  # noqa: F401
        from .board import notices_of, take_down

        register_personal_data("notices", export=notices_of, erase=take_down)
