"""News about invitations, sent after the commit, like those of ``django_useraccounts.signals``."""

from django.dispatch import Signal

#: Somebody was invited. Arguments: ``user`` (who invites), ``invitation``, ``request``.
invited = Signal()
#: An invitation was accepted. Arguments: ``user`` (who accepts), ``invitation``, ``request``.
invitation_accepted = Signal()
#: An invitation was withdrawn. Arguments: ``user`` (who had invited), ``invitation``, ``request``.
invitation_withdrawn = Signal()
