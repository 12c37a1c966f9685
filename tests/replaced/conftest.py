"""The tests in ``in_force`` are those of the project beside them: they run in its own process."""

from django.conf import settings

collect_ignore = [] if settings.ROOT_URLCONF == "choir.urls" else ["in_force"]
