"""What the settings of the tests name."""

from django_useraccounts.policy import Policy


class ClosedPolicy(Policy):
    def may_register(self, *, request):
        return False


class ErasePolicy(Policy):
    def leaving(self, user):
        return "erase"


class AnonymisePolicy(Policy):
    def leaving(self, user):
        return "anonymise"
