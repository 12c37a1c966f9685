"""What gunicorn serves: the project and the database that the environment names."""

import os

from django.core.wsgi import get_wsgi_application

from .worker import configure

configure(os.environ["BENCHMARK_KIND"])
application = get_wsgi_application()
