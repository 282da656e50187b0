"""The declarative base of the tables of messages."""

from __future__ import annotations

from typing import Any

from chassis.orm import declarative_base

Base: Any = declarative_base()
