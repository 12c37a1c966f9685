#!/usr/bin/env python
"""Run a command of the test project: ``python manage.py demo`` starts the demo."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "testproject.settings")
    execute_from_command_line(sys.argv)
