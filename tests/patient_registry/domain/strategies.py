"""People as hypothesis draws them."""

from __future__ import annotations

from datetime import date

from hypothesis import strategies as st

from patient_registry.domain.contact_points import ContactKind, ContactPoint
from patient_registry.domain.people import Address, Demographics, Name, Sex

FAMILIES = ["Smith", "Ortega", "García-López", "O'Brien", "de la Cruz", "Nguyen", "Kowalski", "Łuk", "Smyth"]
GIVEN = ["John", "Johnny", "Lucía", "Sofía", "William", "Bill", "Mary Ann", "Jayden", "Kayden", "Jo"]

names = st.builds(
    Name,
    family=st.sampled_from(FAMILIES),
    given=st.sampled_from(GIVEN),
    middle=st.sampled_from(["", "A", "Anne", "Lee"]),
    suffix=st.sampled_from(["", "Jr", "Sr"]),
)
birth_dates = st.dates(date(1930, 1, 1), date(2026, 3, 1))
phones = st.integers(0, 99).map(lambda n: ContactPoint(ContactKind.MOBILE, f"+1303555{100 + n:04d}"))
emails = st.sampled_from(["a@example.org", "b@example.org"]).map(lambda e: ContactPoint(ContactKind.EMAIL, e))
addresses = st.builds(
    Address,
    lines=st.sampled_from([("12 North Main Street",), ("12 N. Main St.", "Apt 3"), ()]),
    city=st.just("Denver"),
    state=st.just("CO"),
    postal_code=st.sampled_from(["80202", "80203", "802021234"]),
)
people = st.builds(
    Demographics,
    name=names,
    birth_date=birth_dates,
    sex=st.sampled_from(Sex),
    former_names=st.lists(names, max_size=1).map(tuple),
    addresses=st.lists(addresses, max_size=1).map(tuple),
    contact_points=st.lists(st.one_of(phones, emails), max_size=2).map(tuple),
    ssn_last_four=st.sampled_from(["", "1234", "9876"]),
)
