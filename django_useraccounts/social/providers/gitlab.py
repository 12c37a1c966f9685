"""GitLab, theirs or one's own (https://docs.gitlab.com/integration/openid_connect_provider/)."""

from typing import ClassVar

from .openid import OpenIDProvider


class GitLab(OpenIDProvider):
    label = "GitLab"
    icon = "useraccounts/social/gitlab.svg"
    issuer = "https://gitlab.com"
    needs = ("CLIENT_ID", "CLIENT_SECRET")
    may = ("DOMAINS", "ISSUER")
    prompt_login: ClassVar[dict[str, str]] = {"prompt": "login"}
    # It writes logins down once an hour at most, so that what it tells is older than the login
    # (``update_tracked_fields!`` in https://gitlab.com/gitlab-org/gitlab, app/models/user.rb).
    uses_auth_time = False
