"""What differs between the supported versions of Django, told apart by feature, never by number."""

from django.conf import settings


def smtp_without_timeout() -> bool:
    """Say whether mail goes out by SMTP with no time limit, so that a silent server holds it."""
    smtp = "django.core.mail.backends.smtp.EmailBackend"
    # Django 6.1 describes mailers in MAILERS; before that, and until MAILERS is set, EMAIL_* rule.
    mailers = getattr(settings, "MAILERS", None)
    if mailers:
        default = mailers.get("default", {})
        return default.get("BACKEND", smtp) == smtp and not default.get("OPTIONS", {}).get(
            "timeout"
        )
    return settings.EMAIL_BACKEND == smtp and not settings.EMAIL_TIMEOUT
