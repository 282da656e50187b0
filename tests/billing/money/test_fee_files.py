"""Price lists taken in from files: tried first, refused whole when a row is bad, compared with what was in force."""

from google.type.date_pb2 import Date
from polyclinic.billing.v1 import payers_pb2 as pb

from chassis.testing import expect_error
from tests.billing.clinic import Clinic

NEXT_YEAR = Date(year=2027, month=1, day=1)


def request(content: bytes, **rest: object) -> pb.ImportFeeScheduleRequest:
    """Next year's charge master as a file."""
    kind = pb.FEE_SCHEDULE_KIND_CHARGE_MASTER
    return pb.ImportFeeScheduleRequest(
        code="CHARGES", name="Charges", kind=kind, effective_from=NEXT_YEAR, content=content, **rest
    )


def lists(clinic: Clinic) -> list[pb.FeeSchedule]:
    """The versions of the charge master, in order."""
    return list(clinic.staff.call("ListFeeSchedules", pb.ListFeeSchedulesRequest(code="CHARGES")).fee_schedules)


def test_a_list_is_tried_then_taken_in(clinic: Clinic) -> None:
    """A dry run tells what would change and keeps nothing; the import ends the version before it the day before."""
    [present] = lists(clinic)
    fees = clinic.staff.call("GetFeeSchedule", pb.GetFeeScheduleRequest(fee_schedule_id=present.fee_schedule_id)).fees
    kept = next(fee for fee in fees if fee.procedure == "99213")
    content = f"code,fee\n99213,{kept.amount.minor_units // 100 + 10}\nG9999,5\n".encode()
    tried = clinic.staff.call("ImportFeeSchedule", request(content, dry_run=True))
    assert (tried.fees, tried.added, tried.changed, tried.removed) == (2, 1, 1, len(fees) - 1)
    assert not tried.HasField("fee_schedule")
    assert len(lists(clinic)) == 1
    done = clinic.staff.call("ImportFeeSchedule", request(content))
    assert done.fee_schedule.effective.start == NEXT_YEAR
    before, newest = lists(clinic)
    assert newest.fee_schedule_id == done.fee_schedule.fee_schedule_id
    assert before.effective.end == Date(year=2026, month=12, day=31)


def test_one_bad_row_refuses_the_file(clinic: Clinic) -> None:
    """The dry run gives the bad rows back as a file; the import names them and keeps nothing."""
    content = b"code,fee\n99213,160\n99214,much\n"
    tried = clinic.staff.call("ImportFeeSchedule", request(content, dry_run=True))
    assert [(row.line, row.problem) for row in tried.bad_rows] == [(3, "MUCH is not an amount in dollars")]
    assert tried.error_file.decode().splitlines()[1] == "99214,much,3,MUCH is not an amount in dollars"
    with expect_error("INVALID_INPUT", field="content"):
        clinic.staff.call("ImportFeeSchedule", request(content))
    assert len(lists(clinic)) == 1
