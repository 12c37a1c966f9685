"""What names a person here: a username, an e-mail address, or either."""

from django.contrib.auth import get_user_model

from .conf import conf


def has_username_column() -> bool:
    """Say whether the user model can hold usernames."""
    return getattr(get_user_model(), "username", None) is not None


def has_usernames() -> bool:
    """Say whether people have usernames: by the settings, and by the columns of the user model."""
    return conf.USERNAME != "off" and has_username_column()


def has_emails() -> bool:
    """Say whether people have e-mail addresses, and so confirmations and mailed links."""
    return conf.EMAIL != "off"


def has_one_email() -> bool:
    """Say whether people have one address, which a new one replaces, instead of several."""
    return conf.EMAILS_PER_USER == 1


def login_names() -> tuple[str, ...]:
    """Return what people log in by, among what they have: "username", "email", or both in a row."""
    if not has_emails():
        return ("username",)
    if not has_usernames():
        return ("email",)
    return ("username", "email") if conf.LOGIN_BY == "username_or_email" else (conf.LOGIN_BY,)
