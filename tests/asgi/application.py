"""What the servers run."""

import warnings

from django.core.asgi import get_asgi_application

application = get_asgi_application()

from tests.asgi.slowness import slow_statements  # noqa: E402 - it knows the settings

slow_statements()
# As in the tests themselves; Twisted keeps to itself what is not raised.
warnings.simplefilter("error")
