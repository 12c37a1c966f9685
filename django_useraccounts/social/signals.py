"""News about connections, sent after the commit, like those of ``django_useraccounts.signals``."""

from django.dispatch import Signal

#: An identity at a provider lets a user in. Arguments: ``user``, ``connection``, ``request``.
provider_connected = Signal()
#: An identity lets nobody in any more. Arguments: ``user``, ``connection`` (as it was, its row is
#: gone), ``request``.
provider_disconnected = Signal()
