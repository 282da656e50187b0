"""A clinic whose patients are insured: payers as the clearinghouse knows them, profiles as the registry tells them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from google.type.date_pb2 import Date
from polyclinic.billing.v1 import claims_pb2 as claims
from polyclinic.billing.v1 import payers_pb2
from polyclinic.patient_registry.v1 import events_pb2 as registry_events
from polyclinic.patient_registry.v1 import patient_registry_pb2 as registry_pb2
from polyclinic.types.v1.types_pb2 import SEX_FEMALE, SEX_MALE, Address, DateRange, HumanName
from sqlalchemy import text

from chassis.testing import Harness
from tests.billing.clinic import ADDRESS, JANUARY, Clinic, payer_request

if TYPE_CHECKING:
    from tests.billing.claims.conftest import ClearinghouseProcess

HOME = Address(lines=["1 Elm St"], city="Albany", state="NY", postal_code="12207")
KINDS = {
    "MEDB1": (payers_pb2.PAYER_KIND_MEDICARE_B, "MB", {"crosses_over": True, "sequestration": True}),
    "MCD01": (payers_pb2.PAYER_KIND_MEDICAID, "MC", {}),
    "COMM1": (payers_pb2.PAYER_KIND_COMMERCIAL, "CI", {}),
    "COMM2": (payers_pb2.PAYER_KIND_COMMERCIAL, "CI", {}),
}
MEMBERS = {"MEDB1": "1EG4TE5MK73", "MCD01": "MCD123456", "COMM1": "W123456789", "COMM2": "C987654321"}


class InsuredClinic(Clinic):
    """A clinic with Medicare, Medicaid and two commercial payers."""

    def __init__(
        self, harness: Harness, clearinghouse: ClearinghouseProcess | None = None, *, tenant: UUID | None = None
    ) -> None:
        super().__init__(harness, tenant=tenant)
        self._clearinghouse = clearinghouse
        self.profiles: dict[str, registry_pb2.BillingProfile] = {}
        for code, (kind, indicator, rules) in KINDS.items():
            version = {"COMM1": 1}.get(code, 0)
            request = payer_request(code, kind, takes_eligibility_requests=True, **rules)
            request.filing_indicator, request.version = indicator, version
            self.staff.call("PutPayer", request)
        self.registry_knows()
        if clearinghouse is not None:
            self.step(harness.clock.now())

    @property
    def clearinghouse(self) -> ClearinghouseProcess:
        """The clearinghouse that this clinic's tests were given."""
        assert self._clearinghouse is not None
        return self._clearinghouse

    def registry_knows(self) -> None:
        """Insured people as they were made here; others live at the sample address and have no coverage."""
        self.registry = self.harness.stub_peer("patient_registry", "GetBillingProfiles", self._answer)

    def _answer(self, request: registry_pb2.GetBillingProfilesRequest) -> registry_pb2.GetBillingProfilesResponse:
        plain = registry_pb2.BillingProfile(
            name=HumanName(family="Ho", given="Ann"),
            birth_date=Date(year=1980, month=5, day=4),
            sex=SEX_FEMALE,
            address=HOME,
            version=1,
        )
        answer = registry_pb2.GetBillingProfilesResponse()
        for patient_id in request.patient_ids:
            profile = answer.profiles.add()
            profile.CopyFrom(self.profiles.get(patient_id, plain))
            profile.patient_id = patient_id
        return answer

    # ---- people

    def insured(self, *payer_codes: str, child: bool = False, **coverage: Any) -> str:
        """A patient with these coverages in order of payment; a child is insured through a parent."""
        patient_id = self.patient(name="Kid" if child else "Ann")
        self.profiles[patient_id] = registry_pb2.BillingProfile(
            patient_id=patient_id,
            name=HumanName(family="Ho", given="Kid" if child else "Ann"),
            birth_date=Date(year=2016 if child else 1950, month=5, day=4),
            sex=SEX_MALE if child else SEX_FEMALE,
            address=HOME,
            version=1,
        )
        for priority, code in enumerate(payer_codes, 1):
            self.insure(patient_id, code, priority, child=child, **coverage)
        return patient_id

    def insure(
        self, patient_id: str, code: str, priority: int, *, child: bool = False, tell: bool = True, **rest: Any
    ) -> str:
        """Adds a coverage in the registry; billing is told of it."""
        coverage_id = self.covered(patient_id, code, priority) if tell else ""
        values: dict[str, Any] = {"member_id": MEMBERS[code] if not child else f"{MEMBERS[code]}1", **rest}
        relation = registry_pb2.SUBSCRIBER_RELATION_CHILD if child else registry_pb2.SUBSCRIBER_RELATION_SELF
        subscriber = registry_pb2.Subscriber(
            name=HumanName(family="Ho", given="Pat"), birth_date=Date(year=1980, month=1, day=2), address=HOME
        )
        self.profiles[patient_id].coverages.append(
            registry_pb2.Coverage(
                coverage_id=coverage_id,
                patient_id=patient_id,
                kind=registry_events.COVERAGE_KIND_HEALTH,
                priority=priority,
                payer_code=code,
                subscriber_relation=relation,
                subscriber=subscriber if child else None,
                period=DateRange(start=JANUARY),
                active=True,
                version=1,
                **values,
            )
        )
        return coverage_id

    def tell_coverage_gone(self, patient_id: str) -> None:
        """The registry takes the patient's first coverage back as entered in error."""
        coverage = self.profiles[patient_id].coverages[0]
        self.tell(
            registry_events.CoverageChanged(
                coverage_id=coverage.coverage_id,
                patient_id=patient_id,
                payer_code=coverage.payer_code,
                kind=coverage.kind,
                priority=coverage.priority,
                period=coverage.period,
                active=False,
                version=2,
            )
        )

    # ---- time

    def step(self, to: datetime) -> None:
        """Business time goes to `to` at the clearinghouse and here; all work due by then is done on both sides."""
        self.clearinghouse.step(to)
        self.harness.run_due(to)

    def days(self, count: float, *, by_hours: int = 24) -> None:
        """Lets days pass, in steps, so that files and polls meet as they do in life."""
        end = self.harness.clock.now() + timedelta(days=count)
        while (now := self.harness.clock.now()) < end:
            self.step(min(end, now + timedelta(hours=by_hours)))

    # ---- what is to be seen

    def claims_of(self, patient_id: str) -> list[claims.Claim]:
        """A patient's claims, the oldest first, with lines and life."""
        listed = self.staff.call("ListClaims", claims.ListClaimsRequest(patient_id=patient_id)).claims
        return [self.claim(one.claim_id) for one in reversed(listed)]

    def claim(self, claim_id: str) -> claims.Claim:
        """One claim with everything."""
        return self.staff.call("GetClaim", claims.GetClaimRequest(claim_id=claim_id))

    def work(self, *kinds: str, state: str = "open") -> list[claims.WorkItem]:
        """Work items of these kinds."""
        return list(self.staff.call("ListWorkItems", claims.ListWorkItemsRequest(kinds=kinds, state=state)).items)

    def remittances(self, state: str = "") -> list[claims.Remittance]:
        """835 sets with their claims, the oldest first."""
        listed = self.staff.call("ListRemittances", claims.ListRemittancesRequest(state=state)).remittances
        return [
            self.staff.call("GetRemittance", claims.GetRemittanceRequest(remittance_id=one.remittance_id))
            for one in reversed(listed)
        ]

    def upload(self, content: str, name: str = "era.edi") -> claims.InboundFile:
        """Uploads a file and has it read and posted."""
        made = self.staff.call("ImportFile", claims.ImportFileRequest(name=name, content=content.encode()))
        self.harness.run_due()
        return made

    def texts(self) -> list[str]:
        """Every batch file, the oldest first."""
        listed = self.staff.call("ListClaimBatches", claims.ListClaimBatchesRequest()).batches
        found = []
        for batch in reversed(listed):
            request = claims.GetClaimBatchFileRequest(claim_batch_id=batch.claim_batch_id)
            found.append(self.staff.call("GetClaimBatchFile", request).data.decode())
        return found

    def ledger(self) -> dict[str, int]:
        """The sum of each account, minor units; debits positive."""
        query = text(
            "select account, sum(amount_minor) as total from ledger_entry where tenant_id = :tenant group by account"
        )
        with self.harness.session(UUID(str(self.tenant))) as session:
            return {row.account: int(row.total) for row in session.execute(query, {"tenant": self.tenant})}


__all__ = ["ADDRESS", "InsuredClinic"]
