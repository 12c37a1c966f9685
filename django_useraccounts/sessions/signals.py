"""News about sessions, sent after the commit, like those of ``django_useraccounts.signals``."""

from django.dispatch import Signal

#: Somebody has logged in from a browser that the account was not used from before. Arguments:
#: ``user``, ``session`` (the LoginSession), ``request``.
new_login = Signal()
#: A user has said that a login was somebody else's, and has the account back. Arguments: ``user``,
#: ``request``.
login_disowned = Signal()
#: One session was ended. Arguments: ``user``, ``session`` (the LoginSession), ``request``.
session_ended = Signal()
#: All sessions of a user but one were ended. Arguments: ``user``, ``request``.
other_sessions_ended = Signal()
