"""System checks: what a project has to set, said before a visitor finds out; see ``apps``."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage

from . import database, deploy, deploy_accounts, guards, identities, parts, site, values


def check_useraccounts(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Run every check that reads settings only."""
    given = list(values.names_and_types())
    # What reads conf would stumble over what cannot be meant: first things first.
    return given or [
        *values.limits(),
        *values.isolation(),
        *values.undone_attempts(),
        *values.emails_per_user(),
        *values.terms_version(),
        *values.mail_delivery(),
        *values.roles(),
        *values.policy(),
        *parts.user_model(),
        *parts.administration(),
        *identities.contradictions(),
        *parts.backends(),
        *parts.databases(),
        *parts.middleware(),
        *parts.needs(),
        *parts.templates(),
        *parts.terms(),
        *site.origin(),
        *site.passwords(),
        *site.mail(),
        *site.login(),
        *site.stock_pages(),
        *guards.undeclared_roles(),
    ]


def check_deployment(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Run every check of what weakens a site in production."""
    if any(message.is_serious() for message in check_useraccounts(None)):
        return []  # told there, and much of this would stumble over it
    return [
        *deploy.cookies(),
        *deploy.https(),
        *deploy.sessions(),
        *deploy.databases(),
        *deploy.hosts(),
        *deploy.mail(),
        *deploy.requests(),
        *deploy.clock(),
        *deploy_accounts.passwords(),
        *deploy_accounts.lengths(),
        *deploy_accounts.accounts(),
    ]


def check_database(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Look into the databases that are named: with ``check --database default``."""
    return [
        message
        for alias in databases or ()
        for look in (guards.missing_roles, database.constraints, database.overdue_accounts)
        for message in look(alias)
    ]
