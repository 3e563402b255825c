"""gunicorn -c deploy/gunicorn.conf.py "plugin.web.wsgi:app" : the web role for a team or a fleet, behind a TLS proxy.

Threads, because uploads and event streams wait for the network most of the time; the body of an upload is passed through as it arrives.
"""

import os
from pathlib import Path

bind = os.environ.get("SOPWRIGHT_BIND", "0.0.0.0:8800")
worker_class = "gthread"
workers = int(os.environ.get("SOPWRIGHT_WEB_PROCESSES", "2"))
threads = int(os.environ.get("SOPWRIGHT_WEB_THREADS", "32"))
worker_connections = 1000
# A worker that is silent for so long is replaced; single requests may take longer, their threads do not count.
timeout = 60
graceful_timeout = 30
keepalive = 75
# Memory that libraries lose over weeks is given back; the spread keeps processes from ending together.
max_requests = 20_000
max_requests_jitter = 2_000
limit_request_line = 8190
limit_request_fields = 64
# A Forge invocation token grows with the context of the page that it comes from.
limit_request_field_size = 65_536
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - memory for heartbeats, as gunicorn advises
# The application decides by SOPWRIGHT_TRUSTED_PROXIES which forwarded headers it believes.
forwarded_allow_ips = "*"
secure_scheme_headers = {}
accesslog = None
errorlog = "-"
