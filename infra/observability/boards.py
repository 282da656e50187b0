"""Our dashboards, read like their screens: boards, rows, panels, queries. Names of series are proved against the code."""

from __future__ import annotations

from typing import Final

from infra.observability.boards_clinic import BUSINESS
from infra.observability.boards_running import HEALTH, MESSAGES, SERVICES

BOARDS: Final = (HEALTH, SERVICES, MESSAGES, BUSINESS)
