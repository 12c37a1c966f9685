"""GitLab, theirs or one's own (https://docs.gitlab.com/integration/openid_connect_provider/)."""

from .openid import OpenIDProvider


class GitLab(OpenIDProvider):
    label = "GitLab"
    icon = "useraccounts/social/gitlab.svg"
    issuer = "https://gitlab.com"
    needs = ("CLIENT_ID", "CLIENT_SECRET")
    may = ("DOMAINS", "ISSUER")
