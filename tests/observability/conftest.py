"""Where promtool is on the path, the alerts are tried on made-up series as well."""

from __future__ import annotations

import shutil

collect_ignore = [] if shutil.which("promtool") else ["test_alerts_fire.py"]
