"""Pure parts of the chassis: ids, settings, errors, waves, permissions, pages."""

from __future__ import annotations

import base64
from collections import namedtuple
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import errors, outbox, store
from chassis.consumers import backoff_seconds
from chassis.ids import uuid7
from chassis.principal import holds
from chassis.protos import date_message, instant, timestamp, to_date
from chassis.settings import Secret, ServiceSettings, SettingsError, Url

GOOD = {"POLYCLINIC_DATABASE_URL": "postgresql://a:secret@h/d", "POLYCLINIC_DATABASE_WORKER_URL": "postgresql://w@h/d"}


def test_ids_are_version_7_and_ordered_by_time():
    """Later ids sort later (by millisecond), and all are distinct."""
    ids = [uuid7() for _ in range(500)]
    assert {one.version for one in ids} == {7}
    assert len(set(ids)) == 500
    assert [one.int >> 80 for one in ids] == sorted(one.int >> 80 for one in ids)


def test_all_bad_settings_are_reported_at_once():
    """An operator sees every problem in one go."""

    @dataclass(frozen=True)
    class Settings(ServiceSettings):
        needed: str
        where: Url = Url("http://x")

    with pytest.raises(SettingsError) as error:
        Settings.from_environment({"POLYCLINIC_RPC_THREADS": "many", "POLYCLINIC_WHERE": "nowhere"})
    told = " ".join(error.value.problems)
    for name in ("DATABASE_URL", "DATABASE_WORKER_URL", "RPC_THREADS", "NEEDED", "WHERE"):
        assert f"POLYCLINIC_{name}" in told


def test_secrets_do_not_show_in_the_settings_repr():
    """Neither passwords nor keys are printed."""
    key = base64.b64encode(b"k" * 32).decode()
    settings = ServiceSettings.from_environment(GOOD | {"POLYCLINIC_KEY_ENCRYPTION_KEY": key})
    assert "secret" not in repr(settings).replace("service_client_secret", "")
    assert "kkkk" not in repr(settings)
    assert Secret("x") == "x"


def test_a_simulated_clock_is_refused_outside_the_demo():
    """Production cannot be put on simulated time by one stray variable."""
    with pytest.raises(SettingsError, match="refused outside the demo"):
        ServiceSettings.from_environment(GOOD | {"POLYCLINIC_CLOCK": "simulated"})


@given(st.lists(st.sampled_from("abc"), max_size=40))
def test_waves_keep_the_order_within_an_aggregate(aggregates):
    """In each wave an aggregate stands once; read in sequence, each aggregate's rows keep their order; none is lost."""
    row = namedtuple("row", "id aggregate")
    rows = [row(index, aggregate) for index, aggregate in enumerate(aggregates)]
    waves = outbox.waves(rows)
    assert sorted(r.id for wave in waves for r in wave) == list(range(len(rows)))
    for wave in waves:
        assert len({r.aggregate for r in wave}) == len(wave)
    for aggregate in "abc":
        sequence = [r.id for wave in waves for r in wave if r.aggregate == aggregate]
        assert sequence == sorted(sequence)


def test_everything_in_a_tenant_is_not_the_platform():
    """The star covers every noun but platform."""
    assert holds(frozenset({"*"}), "appointment.book")
    assert holds(frozenset({"appointment.*"}), "appointment.book")
    assert not holds(frozenset({"*"}), "platform.operate")
    assert not holds(frozenset({"appointment.*"}), "patient.read")
    assert holds(frozenset({"platform.operate"}), "platform.operate")


@given(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1)))  # noqa: DTZ001 - hypothesis wants naive bounds
def test_instants_survive_protobuf(naive):
    """To the microsecond."""
    moment = naive.replace(tzinfo=UTC)
    assert instant(timestamp(moment)) == moment


def test_naive_datetimes_have_no_place():
    """A datetime without a zone is refused at the boundary."""
    with pytest.raises(ValueError, match="naive"):
        timestamp(datetime(2026, 1, 1))  # noqa: DTZ001 - the point of the test


def test_a_day_that_does_not_exist_is_bad_input():
    """30 February is told to the caller with its field."""
    message = date_message(date(2026, 2, 28))
    message.day = 30
    with pytest.raises(errors.InvalidInput) as error:
        to_date(message, "birth_date")
    assert error.value.violations[0].field == "birth_date"


@given(
    st.lists(
        st.one_of(st.integers(-(2**60), 2**60), st.text(max_size=20), st.uuids(), st.dates()), min_size=1, max_size=4
    )
)
def test_page_tokens_round_trip(values):
    """Whatever a list is ordered by comes back from its token."""
    assert store.read_token(store.make_token(values), len(values)) == values


@pytest.mark.parametrize("token", ["x", "W10", "!!!", "W1sidSIsICJub3QgYSB1dWlkIl1d", "A" * 999])
def test_a_page_token_that_is_not_ours_is_bad_input(token):
    """Garbage is the caller's mistake, not ours."""
    with pytest.raises(errors.InvalidInput):
        store.read_token(token, 1)


def test_back_off_grows_and_is_bounded():
    """Fast at first, a minute at most."""
    waits = [backoff_seconds(attempt) for attempt in range(1, 20)]
    assert waits == sorted(waits)
    assert waits[0] < 0.5
    assert waits[-1] == 60


def test_many_violations_are_cut_with_a_count():
    """gRPC metadata is limited; a hundred violations and how many more is enough to mend an input."""
    error = errors.InvalidInput([errors.Violation(f"lines[{i}]", "bad") for i in range(500)])
    listed = errors._bad_request(error.violations).field_violations
    assert len(listed) == 101
    assert listed[-1].description == "and 400 more"


def test_an_array_parameter_is_written_as_postgresql_reads_it() -> None:
    """Ids in hexadecimal, numbers as they are, nothing as NULL, text in quotes with its quotes and backslashes escaped."""
    one = UUID("01900000-0000-7000-8000-000000000001")
    assert store.array_text([one, 3, None]) == "{01900000000070008000000000000001,3,NULL}"
    assert store.array_text(['a "b" \\c, {d}', ""]) == '{"a \\"b\\" \\\\c, {d}",""}'
