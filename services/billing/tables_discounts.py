"""Discounts by rule: the sliding fee by household and income, and prompt pay."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from billing.tables_base import Base
from chassis.orm import Tenanted, Versioned, patient_scoped


class DiscountPolicy(Tenanted, Versioned, Base):
    """One version of the discounts that are given (domain.discounts.Policy); in force until the next one begins."""

    __tablename__ = "discount_policy"
    start_date: Mapped[date]
    content: Mapped[dict]
    __table_args__ = (UniqueConstraint("tenant_id", "start_date"),)


class PovertyGuideline(Tenanted, Versioned, Base):
    """A year's federal poverty guideline that is not built in yet; minor units a year."""

    __tablename__ = "poverty_guideline"
    region: Mapped[str]
    start_date: Mapped[date]
    first_person_minor: Mapped[int]
    each_more_minor: Mapped[int]
    __table_args__ = (UniqueConstraint("tenant_id", "region", "start_date"),)


class SlidingFee(Tenanted, Versioned, Base):
    """A household's income as it was shown, and what follows from it. The patient is the guarantor."""

    __tablename__ = "sliding_fee"
    patient_id: Mapped[UUID]
    household_size: Mapped[int]
    income_minor: Mapped[int]
    region: Mapped[str]
    # Of the guideline of the day, in hundredths of a percent.
    poverty_basis_points: Mapped[int]
    start_date: Mapped[date]
    end_date: Mapped[date]
    evidence: Mapped[str]
    decided_at: Mapped[datetime]
    decided_by: Mapped[str]
    __table_args__ = (Index("ix_sliding_fee_patient_id", "tenant_id", "patient_id"), patient_scoped("patient_id"))
