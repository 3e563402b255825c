"""The entry point for WSGI servers: ``plugin.web.wsgi:app``. Reads the settings from the environment when it is imported."""

from __future__ import annotations

import os

from plugin import settings
from plugin.bootstrap import build
from plugin.web import safety
from plugin.web.app import create_app

_settings = settings.load()
safety.check(_settings, os.environ)
app = create_app(build(_settings))
