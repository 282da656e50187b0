"""The declarative base that all of billing's tables share."""

from __future__ import annotations

from typing import Any

from chassis.orm import declarative_base

Base: Any = declarative_base()
