"""Imported first by benchmarks that compute and store nothing: the domain's words, without an installation's settings.

Where Django is set up already, as in tests, the environment stays as it is: servers that are started later inherit it.
"""

import os

import django
from django.conf import settings

if not settings.configured:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evbalancer.settings")
    os.environ.setdefault("DEBUG", "1")
    django.setup()
