"""The declarative base that all of scheduling's tables share, and their JSON columns."""

from __future__ import annotations

from typing import Annotated, Any

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import mapped_column

from chassis.orm import declarative_base

Base: Any = declarative_base()
JsonObject = Annotated[dict[str, Any], mapped_column(JSONB)]
JsonList = Annotated[list[Any], mapped_column(JSONB)]
