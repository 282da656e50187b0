"""A valid request for each of identity's RPCs, for the set tests."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from uuid import UUID

from google.protobuf.field_mask_pb2 import FieldMask
from google.type.date_pb2 import Date
from polyclinic.audit.v1 import audit_pb2
from polyclinic.identity.v1 import api_clients_pb2, clinics_pb2, events_pb2, patient_access_pb2
from polyclinic.identity.v1 import identity_pb2 as pb
from polyclinic.types.v1 import types_pb2

from chassis.ids import uuid7
from chassis.testing import Case
from tests.contracts.growth import Bound
from tests.identity.conftest import PASSWORD, SECRETS

ENVIRONMENT = SECRETS
ADDRESS = types_pb2.Address(lines=["100 Main Street"], city="Denver", state="CO", postal_code="802021234")
NPI, OTHER_NPI = "1234567893", "1245319599"


def billing_entity():
    return pb.BillingEntity(
        name="Clinic PLLC", tax_id="123456789", npi=NPI, taxonomy="261QP2300X", address=ADDRESS, phone="+13035550100"
    )


def location(billing_entity_id):
    return pb.Location(
        billing_entity_id=billing_entity_id,
        name="Downtown",
        address=ADDRESS,
        time_zone="America/Denver",
        phone="+13035550101",
        hours=[events_pb2.OpeningHours(weekday=1, opens_minute=480, closes_minute=1020)],
    )


def practitioner(location_id, npi=NPI):
    return pb.Practitioner(
        name=types_pb2.HumanName(family="Garcia", given="Ana"),
        credential="MD",
        npi=npi,
        taxonomy="207Q00000X",
        languages=["en", "es"],
        sex=types_pb2.SEX_FEMALE,
        location_ids=[location_id],
        licences=[events_pb2.Licence(state="CO", number="DR.1", valid_from=Date(year=2020, month=1, day=1))],
    )


def world(harness, tenant):
    """A tenant with one of everything."""
    operator = harness.client(None, ["platform.operate"])
    slug = "set-" + tenant.hex[-12:]
    made = operator.call(
        "CreateTenant",
        pb.CreateTenantRequest(slug=slug, name="Set", owner_login="owner", owner_name="O", owner_password=PASSWORD),
    )
    tenant_id = UUID(made.tenant.tenant_id)
    owner = harness.client(tenant_id, ["*"])
    entity = owner.call("CreateBillingEntity", pb.CreateBillingEntityRequest(billing_entity=billing_entity()))
    place = owner.call("CreateLocation", pb.CreateLocationRequest(location=location(entity.billing_entity_id)))
    person = owner.call(
        "CreatePractitioner", pb.CreatePractitionerRequest(practitioner=practitioner(place.location_id))
    )
    room = owner.call(
        "CreateRoom",
        pb.CreateRoomRequest(room=pb.Room(location_id=place.location_id, name="1", room_class="exam", capacity=1)),
    )
    thing = pb.Equipment(location_id=place.location_id, name="U1", equipment_class="ultrasound", capacity=1)
    equipment = owner.call("CreateEquipment", pb.CreateEquipmentRequest(equipment=thing))
    clerk = owner.call("CreateAccount", account_request("clerk"))
    signed_in = harness.anonymous().call("SignIn", pb.SignInRequest(tenant=slug, login="clerk", password=PASSWORD))
    kiosk = owner.call("CreateApiClient", pb.CreateApiClientRequest(name="kiosk", roles=[pb.ROLE_SCHEDULER]))
    api_client = owner.call("ListApiClients", api_clients_pb2.ListApiClientsRequest()).api_clients[0]
    harness.deliver(tenant_id, audit_entry(tenant_id))
    code_id = str(uuid7())
    drawn = harness.client(tenant_id, ["portal_code.draw"], service="notifications").call(
        "DrawPortalCode",
        patient_access_pb2.DrawPortalCodeRequest(portal_code_id=code_id, patient_id=str(uuid7()), name="Ana"),
    )
    return SimpleNamespace(
        portal_code_id=code_id,
        portal_code=drawn.code,
        tenant_id=tenant_id,
        slug=slug,
        entity=entity,
        location=place,
        practitioner=person,
        room=room,
        equipment=equipment,
        clerk=clerk,
        refresh_token=signed_in.refresh_token,
        kiosk=kiosk,
        api_client=api_client,
    )


def audit_entry(tenant_id):
    """What a service wrote down of somebody who looked at a patient."""
    entry = audit_pb2.AuditEntry(
        entry_id=str(uuid7()),
        tenant_id=str(tenant_id),
        service="patient_registry",
        rpc="polyclinic.patient_registry.v1.PatientRegistry/GetPatient",
        category="patient",
        phi="read",
        principal_kind="user",
        principal_id="clerk",
        principal_name="Clerk",
        patient_ids=[str(uuid7())],
        outcome="OK",
        request_id=str(uuid7()),
    )
    entry.occurred_at.FromDatetime(datetime(2026, 3, 2, 15, 0, tzinfo=UTC))
    entry.business_time.CopyFrom(entry.occurred_at)
    return entry


def account_request(login):
    return pb.CreateAccountRequest(login=login, name="Clerk", password=PASSWORD, roles=[pb.ROLE_FRONT_DESK])


def _mask(*paths):
    return FieldMask(paths=paths)


def _new_tenant(w):
    return pb.CreateTenantRequest(
        slug=w.slug + "-b", name="B", owner_login="owner", owner_name="O", owner_password=PASSWORD
    )


def _rename(kind, w):
    """An update of one resource's name or phone."""
    row = {"billing_entity": w.entity, "location": w.location, "room": w.room, "equipment": w.equipment}[kind]
    message = type(row)(name="Renamed")
    request = {
        "billing_entity": pb.UpdateBillingEntityRequest,
        "location": pb.UpdateLocationRequest,
        "room": pb.UpdateRoomRequest,
        "equipment": pb.UpdateEquipmentRequest,
    }[kind]
    return request(
        **{f"{kind}_id": getattr(row, f"{kind}_id"), kind: message}, update_mask=_mask("name"), version=row.version
    )


CASES = {
    "SignInWithCode": Case(
        lambda w: patient_access_pb2.SignInWithCodeRequest(
            tenant=w.slug, portal_code_id=w.portal_code_id, code=w.portal_code
        )
    ),
    "DrawPortalCode": Case(
        lambda w: patient_access_pb2.DrawPortalCodeRequest(
            portal_code_id=str(uuid7()), patient_id=str(uuid7()), name="Ana"
        ),
        service="notifications",
    ),
    "GetClinic": Case(lambda w: clinics_pb2.GetClinicRequest(slug=w.slug)),
    "ListClinics": Case(lambda w: clinics_pb2.ListClinicsRequest()),
    "GetClinicPage": Case(lambda w: clinics_pb2.GetClinicPageRequest()),
    "UpdateClinicPage": Case(
        lambda w: clinics_pb2.UpdateClinicPageRequest(
            clinic_page=clinics_pb2.ClinicPage(published=True, location_ids=[w.location.location_id]),
            update_mask=_mask("published", "location_ids"),
        )
    ),
    "SignIn": Case(lambda w: pb.SignInRequest(tenant=w.slug, login="clerk", password=PASSWORD)),
    "RefreshSession": Case(lambda w: pb.RefreshSessionRequest(refresh_token=w.refresh_token)),
    "SignOut": Case(lambda w: pb.SignOutRequest(refresh_token=w.refresh_token)),
    "IssueServiceToken": Case(
        lambda w: pb.IssueServiceTokenRequest(client_id=w.kiosk.client_id, client_secret=w.kiosk.client_secret)
    ),
    "GetKeySet": Case(lambda w: pb.GetKeySetRequest()),
    "RotateKeys": Case(lambda w: pb.RotateKeysRequest(), operator=True),
    "WhoAmI": Case(lambda w: pb.WhoAmIRequest()),
    "CreateTenant": Case(_new_tenant, operator=True),
    "GetTenant": Case(lambda w: pb.GetTenantRequest(), names_resource=True),
    "CreateBillingEntity": Case(lambda w: pb.CreateBillingEntityRequest(billing_entity=billing_entity())),
    "UpdateBillingEntity": Case(lambda w: _rename("billing_entity", w), names_resource=True),
    "GetBillingEntity": Case(
        lambda w: pb.GetBillingEntityRequest(billing_entity_id=w.entity.billing_entity_id), names_resource=True
    ),
    "ListBillingEntities": Case(lambda w: pb.ListBillingEntitiesRequest()),
    "CreateLocation": Case(lambda w: pb.CreateLocationRequest(location=location(w.entity.billing_entity_id))),
    "UpdateLocation": Case(lambda w: _rename("location", w), names_resource=True),
    "GetLocation": Case(
        lambda w: pb.GetLocationRequest(location_id=w.location.location_id), names_resource=True, any_patient=True
    ),
    "ListLocations": Case(lambda w: pb.ListLocationsRequest()),
    "CreatePractitioner": Case(
        lambda w: pb.CreatePractitionerRequest(practitioner=practitioner(w.location.location_id, OTHER_NPI))
    ),
    "UpdatePractitioner": Case(
        lambda w: pb.UpdatePractitionerRequest(
            practitioner_id=w.practitioner.practitioner_id,
            practitioner=pb.Practitioner(credential="DO"),
            update_mask=_mask("credential"),
        ),
        names_resource=True,
    ),
    "GetPractitioner": Case(
        lambda w: pb.GetPractitionerRequest(practitioner_id=w.practitioner.practitioner_id),
        names_resource=True,
        any_patient=True,
    ),
    "ListPractitioners": Case(lambda w: pb.ListPractitionersRequest()),
    "CheckLicence": Case(
        lambda w: pb.CheckLicenceRequest(
            practitioner_id=w.practitioner.practitioner_id, state="CO", on_date=Date(year=2026, month=3, day=2)
        ),
        names_resource=True,
    ),
    "CreateRoom": Case(
        lambda w: pb.CreateRoomRequest(
            room=pb.Room(location_id=w.location.location_id, name="2", room_class="exam", capacity=1)
        )
    ),
    "UpdateRoom": Case(lambda w: _rename("room", w), names_resource=True),
    "ListRooms": Case(lambda w: pb.ListRoomsRequest(location_id=w.location.location_id)),
    "CreateEquipment": Case(
        lambda w: pb.CreateEquipmentRequest(
            equipment=pb.Equipment(location_id=w.location.location_id, name="E", equipment_class="ecg", capacity=1)
        )
    ),
    "UpdateEquipment": Case(lambda w: _rename("equipment", w), names_resource=True),
    "ListEquipment": Case(lambda w: pb.ListEquipmentRequest()),
    "CreateAccount": Case(lambda w: account_request("second clerk")),
    "UpdateAccount": Case(
        lambda w: pb.UpdateAccountRequest(
            account_id=w.clerk.account_id, account=pb.Account(name="Renamed"), update_mask=_mask("name")
        ),
        names_resource=True,
    ),
    "DisableAccount": Case(
        lambda w: pb.DisableAccountRequest(account_id=w.clerk.account_id, reason="left"), names_resource=True
    ),
    "SetPassword": Case(
        lambda w: pb.SetPasswordRequest(account_id=w.clerk.account_id, new_password="a new long password"),
        names_resource=True,
        permissions=("user.write",),
    ),
    "GetAccount": Case(lambda w: pb.GetAccountRequest(account_id=w.clerk.account_id), names_resource=True),
    "ListAccounts": Case(lambda w: pb.ListAccountsRequest()),
    "ListRoles": Case(lambda w: pb.ListRolesRequest()),
    "CreateApiClient": Case(lambda w: pb.CreateApiClientRequest(name="second", roles=[pb.ROLE_SCHEDULER])),
    "ListApiClients": Case(lambda w: api_clients_pb2.ListApiClientsRequest(query="kio")),
    "GetApiClient": Case(
        lambda w: api_clients_pb2.GetApiClientRequest(api_client_id=w.api_client.api_client_id), names_resource=True
    ),
    "RotateApiClientSecret": Case(
        lambda w: api_clients_pb2.RotateApiClientSecretRequest(
            api_client_id=w.api_client.api_client_id, version=w.api_client.version
        ),
        names_resource=True,
    ),
    "RevokeApiClient": Case(
        lambda w: api_clients_pb2.RevokeApiClientRequest(api_client_id=w.api_client.api_client_id, reason="replaced"),
        names_resource=True,
    ),
    "SearchAudit": Case(lambda w: pb.SearchAuditRequest(principal_id="clerk")),
    "Snapshot": Case(lambda w: types_pb2.SnapshotRequest(event="polyclinic.identity.v1.LocationChanged")),
}

# For the bounds of reads (tests/contracts/test_bounds.py): tables of which one patient has few …
FEW: frozenset[str] = frozenset()
NOT_MADE: frozenset[str] = frozenset()
# … and those that describe the network rather than what happened in it.
SETTLED = frozenset(
    {
        "tenant",
        "tenant_slug",
        "billing_entity",
        "location",
        "practitioner",
        "room",
        "equipment",
        "signing_key",
        "api_client",
    }
)
# Reads that may cost more on a long history, each with its bound and the reason.
BOUNDS: dict[str, Bound] = {}
