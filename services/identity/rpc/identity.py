"""The Identity servicer: protobuf in → use case → protobuf out."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from polyclinic.audit.v1 import audit_pb2
from polyclinic.identity.v1 import identity_pb2 as pb
from polyclinic.types.v1 import types_pb2

from chassis import masks
from chassis.call import Call
from chassis.protos import identifier, optional_identifier, optional_instant, timestamp, to_date
from identity import mapping
from identity.domain import roles
from identity.tables import Account, AuditEntry, Tenant
from identity.usecases import accounts, api_clients, audit, keys, organisation, sessions, snapshots
from identity.usecases.accounts import NewAccount
from identity.usecases.organisation import BILLING_ENTITY, EQUIPMENT, LOCATION, PRACTITIONER, ROOM, Kind
from identity.usecases.sessions import SignInDesk, Tokens

ACCOUNT_FIXED = frozenset({"account_id", "login", "version", "active"})


class IdentityRpc:
    """Serves polyclinic.identity.v1.Identity."""

    def __init__(self, desk: SignInDesk) -> None:
        self._desk = desk

    # --- signing in ---------------------------------------------------------------------------------------------------

    def SignIn(self, request: pb.SignInRequest, call: Call) -> pb.TokenResponse:
        return token_response(sessions.sign_in(call, self._desk, request.tenant, request.login, request.password))

    def RefreshSession(self, request: pb.RefreshSessionRequest, call: Call) -> pb.TokenResponse:
        return token_response(sessions.refresh(call, self._desk, request.refresh_token))

    def SignOut(self, request: pb.SignOutRequest, call: Call) -> pb.SignOutResponse:
        sessions.sign_out(call, request.refresh_token)
        return pb.SignOutResponse()

    def IssueServiceToken(self, request: pb.IssueServiceTokenRequest, call: Call) -> pb.TokenResponse:
        return token_response(sessions.issue_client_token(call, self._desk, request.client_id, request.client_secret))

    def GetKeySet(self, request: pb.GetKeySetRequest, call: Call) -> pb.KeySet:
        return pb.KeySet(jwks_json=json.dumps(keys.key_set(call, self._desk.signer)))

    def RotateKeys(self, request: pb.RotateKeysRequest, call: Call) -> pb.KeySet:
        return pb.KeySet(jwks_json=json.dumps(keys.rotate(call, self._desk.signer)))

    def WhoAmI(self, request: pb.WhoAmIRequest, call: Call) -> pb.WhoAmIResponse:
        who = call.principal
        return pb.WhoAmIResponse(
            kind=who.kind,
            principal_id=who.id,
            name=who.name,
            tenant_id=str(who.tenant_id or ""),
            permissions=sorted(who.permissions),
            location_ids=sorted(map(str, who.location_ids)),
            patient_ids=list(map(str, who.patient_ids)),
        )

    # --- tenants ------------------------------------------------------------------------------------------------------

    def CreateTenant(self, request: pb.CreateTenantRequest, call: Call) -> pb.CreateTenantResponse:
        owner = NewAccount(request.owner_login, request.owner_name, "", request.owner_password, ["owner"], [], [])
        tenant, account = accounts.create_tenant(
            call, self._desk.passwords, request.slug, request.name, request.default_language, owner
        )
        return pb.CreateTenantResponse(tenant=_tenant(tenant), owner=_account(account))

    def GetTenant(self, request: pb.GetTenantRequest, call: Call) -> pb.Tenant:
        return _tenant(organisation.tenant(call))

    # --- the organisation ---------------------------------------------------------------------------------------------

    def CreateBillingEntity(self, request: pb.CreateBillingEntityRequest, call: Call) -> pb.BillingEntity:
        return _create(call, BILLING_ENTITY, request.billing_entity)

    def UpdateBillingEntity(self, request: pb.UpdateBillingEntityRequest, call: Call) -> pb.BillingEntity:
        return _update(call, BILLING_ENTITY, request)

    def GetBillingEntity(self, request: pb.GetBillingEntityRequest, call: Call) -> pb.BillingEntity:
        return _resource(BILLING_ENTITY, organisation.get(call, BILLING_ENTITY, UUID(request.billing_entity_id)))

    def ListBillingEntities(self, request: pb.ListBillingEntitiesRequest, call: Call) -> pb.ListBillingEntitiesResponse:
        rows, token = organisation.list_page(call, BILLING_ENTITY, request.page_size, request.page_token)
        return pb.ListBillingEntitiesResponse(
            billing_entities=[_resource(BILLING_ENTITY, row) for row in rows], next_page_token=token
        )

    def CreateLocation(self, request: pb.CreateLocationRequest, call: Call) -> pb.Location:
        if not request.location.place_of_service:
            request.location.place_of_service = "11"
        return _create(call, LOCATION, request.location)

    def UpdateLocation(self, request: pb.UpdateLocationRequest, call: Call) -> pb.Location:
        return _update(call, LOCATION, request)

    def GetLocation(self, request: pb.GetLocationRequest, call: Call) -> pb.Location:
        return _resource(LOCATION, organisation.get(call, LOCATION, UUID(request.location_id)))

    def ListLocations(self, request: pb.ListLocationsRequest, call: Call) -> pb.ListLocationsResponse:
        rows, token = organisation.list_page(call, LOCATION, request.page_size, request.page_token)
        return pb.ListLocationsResponse(locations=[_resource(LOCATION, row) for row in rows], next_page_token=token)

    def CreatePractitioner(self, request: pb.CreatePractitionerRequest, call: Call) -> pb.Practitioner:
        return _create(call, PRACTITIONER, request.practitioner)

    def UpdatePractitioner(self, request: pb.UpdatePractitionerRequest, call: Call) -> pb.Practitioner:
        return _update(call, PRACTITIONER, request)

    def GetPractitioner(self, request: pb.GetPractitionerRequest, call: Call) -> pb.Practitioner:
        return _resource(PRACTITIONER, organisation.get(call, PRACTITIONER, UUID(request.practitioner_id)))

    def ListPractitioners(self, request: pb.ListPractitionersRequest, call: Call) -> pb.ListPractitionersResponse:
        rows, token = organisation.list_page(call, PRACTITIONER, request.page_size, request.page_token)
        return pb.ListPractitionersResponse(
            practitioners=[_resource(PRACTITIONER, row) for row in rows], next_page_token=token
        )

    def CheckLicence(self, request: pb.CheckLicenceRequest, call: Call) -> pb.CheckLicenceResponse:
        day = to_date(request.on_date, "on_date")
        number = organisation.check_licence(call, UUID(request.practitioner_id), request.state, day)
        return pb.CheckLicenceResponse(licensed=number is not None, licence_number=number or "")

    def CreateRoom(self, request: pb.CreateRoomRequest, call: Call) -> pb.Room:
        return _create(call, ROOM, request.room)

    def UpdateRoom(self, request: pb.UpdateRoomRequest, call: Call) -> pb.Room:
        return _update(call, ROOM, request)

    def ListRooms(self, request: pb.ListRoomsRequest, call: Call) -> pb.ListRoomsResponse:
        location_id = optional_identifier(request.location_id)
        rows, token = organisation.list_page(call, ROOM, request.page_size, request.page_token, location_id)
        return pb.ListRoomsResponse(rooms=[_resource(ROOM, row) for row in rows], next_page_token=token)

    def CreateEquipment(self, request: pb.CreateEquipmentRequest, call: Call) -> pb.Equipment:
        return _create(call, EQUIPMENT, request.equipment)

    def UpdateEquipment(self, request: pb.UpdateEquipmentRequest, call: Call) -> pb.Equipment:
        return _update(call, EQUIPMENT, request)

    def ListEquipment(self, request: pb.ListEquipmentRequest, call: Call) -> pb.ListEquipmentResponse:
        location_id = optional_identifier(request.location_id)
        rows, token = organisation.list_page(call, EQUIPMENT, request.page_size, request.page_token, location_id)
        return pb.ListEquipmentResponse(equipment=[_resource(EQUIPMENT, row) for row in rows], next_page_token=token)

    # --- accounts -----------------------------------------------------------------------------------------------------

    def CreateAccount(self, request: pb.CreateAccountRequest, call: Call) -> pb.Account:
        new = NewAccount(
            request.login,
            request.name,
            request.email,
            request.password,
            _role_names(request.roles),
            list(request.location_ids),
            list(request.patient_ids),
        )
        return _account(accounts.create(call, self._desk.passwords, new))

    def UpdateAccount(self, request: pb.UpdateAccountRequest, call: Call) -> pb.Account:
        account_id = identifier(request.account_id)
        current = _account(accounts.get(call, account_id))
        merged = masks.merged(current, request.account, request.update_mask, fixed=ACCOUNT_FIXED)
        changes: dict[str, Any] = {
            "name": merged.name,
            "email": merged.email,
            "roles": _role_names(merged.roles),
            "location_ids": list(merged.location_ids),
            "patient_ids": list(merged.patient_ids),
        }
        return _account(accounts.update(call, account_id, request.version, changes))

    def DisableAccount(self, request: pb.DisableAccountRequest, call: Call) -> pb.Account:
        return _account(accounts.disable(call, UUID(request.account_id), request.reason))

    def SetPassword(self, request: pb.SetPasswordRequest, call: Call) -> pb.SetPasswordResponse:
        sessions.set_password(
            call,
            self._desk,
            UUID(request.account_id),
            request.old_password,
            request.new_password,
            request.login,
        )
        return pb.SetPasswordResponse()

    def GetAccount(self, request: pb.GetAccountRequest, call: Call) -> pb.Account:
        return _account(accounts.get(call, UUID(request.account_id)))

    def ListAccounts(self, request: pb.ListAccountsRequest, call: Call) -> pb.ListAccountsResponse:
        role = "".join(_role_names([request.role] if request.role else []))
        rows, token = accounts.list_page(
            call, request.query, role, request.active_only, request.page_size, request.page_token
        )
        return pb.ListAccountsResponse(accounts=[_account(row) for row in rows], next_page_token=token)

    def ListRoles(self, request: pb.ListRolesRequest, call: Call) -> pb.ListRolesResponse:
        return pb.ListRolesResponse(
            roles=[
                pb.RoleDefinition(role=mapping.role(name), permissions=sorted(held))
                for name, held in roles.PERMISSIONS.items()
            ]
        )

    def CreateApiClient(self, request: pb.CreateApiClientRequest, call: Call) -> pb.CreateApiClientResponse:
        client, secret = api_clients.create(call, request.name, _role_names(request.roles))
        return pb.CreateApiClientResponse(client_id=api_clients.client_id(client), client_secret=secret)

    # --- audit and snapshots ------------------------------------------------------------------------------------------

    def SearchAudit(self, request: pb.SearchAuditRequest, call: Call) -> pb.SearchAuditResponse:
        rows, token = audit.search(
            call,
            patient_id=optional_identifier(request.patient_id),
            principal_id=request.principal_id,
            request_id=request.request_id,
            from_time=optional_instant(request.from_time),
            to_time=optional_instant(request.to_time),
            page_size=request.page_size,
            page_token=request.page_token,
        )
        return pb.SearchAuditResponse(entries=[_entry(row) for row in rows], next_page_token=token)

    def Snapshot(self, request: types_pb2.SnapshotRequest, call: Call) -> types_pb2.SnapshotResponse:
        events, token = snapshots.page(call, request.event, request.page_size, request.page_token)
        return types_pb2.SnapshotResponse(events=[event.SerializeToString() for event in events], next_page_token=token)


# --- messages -----------------------------------------------------------------------------------------------------------

_MESSAGES: dict[str, tuple[Any, str]] = {
    BILLING_ENTITY.name: (pb.BillingEntity, "billing_entity_id"),
    LOCATION.name: (pb.Location, "location_id"),
    PRACTITIONER.name: (pb.Practitioner, "practitioner_id"),
    ROOM.name: (pb.Room, "room_id"),
    EQUIPMENT.name: (pb.Equipment, "equipment_id"),
}


def _resource(kind: Kind, row: Any) -> Any:
    message_class, id_field = _MESSAGES[kind.name]
    return mapping.into(message_class(), row, id_field)


def _create(call: Call, kind: Kind, message: Any) -> Any:
    """New resources are active."""
    _, id_field = _MESSAGES[kind.name]
    return _resource(kind, organisation.create(call, kind, mapping.values(message, id_field) | {"active": True}))


def _update(call: Call, kind: Kind, request: Any) -> Any:
    """Merges the masked fields into the present resource; the whole must obey the rules."""
    _, id_field = _MESSAGES[kind.name]
    row_id = UUID(getattr(request, id_field))
    current = _resource(kind, organisation.get(call, kind, row_id))
    field = id_field.removesuffix("_id")
    merged = masks.merged(current, getattr(request, field), request.update_mask, fixed=frozenset({id_field, "version"}))
    return _resource(kind, organisation.update(call, kind, row_id, request.version, mapping.values(merged, id_field)))


def token_response(tokens: Tokens) -> pb.TokenResponse:
    return pb.TokenResponse(
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token,
        expires_in_seconds=tokens.seconds,
        tenant_id=str(tokens.tenant_id or ""),
        account_id=tokens.account_id,
    )


def _tenant(row: Tenant) -> pb.Tenant:
    return pb.Tenant(
        tenant_id=str(row.id),
        slug=row.slug,
        name=row.name,
        active=row.active,
        default_language=row.default_language,
        version=row.version,
    )


def _account(row: Account) -> pb.Account:
    return pb.Account(
        account_id=str(row.id),
        login=row.login,
        name=row.name,
        email=row.email,
        roles=[mapping.role(name) for name in row.roles],
        location_ids=row.location_ids,
        patient_ids=row.patient_ids,
        active=row.active,
        version=row.version,
    )


def _role_names(values: Any) -> list[str]:
    return [pb.Role.Name(value).removeprefix("ROLE_").lower() for value in values]


def _entry(row: AuditEntry) -> audit_pb2.AuditEntry:
    return audit_pb2.AuditEntry(
        entry_id=str(row.id),
        tenant_id=str(row.tenant_id),
        service=row.service,
        rpc=row.rpc,
        category=row.category,
        phi=row.phi,
        principal_kind=row.principal_kind,
        principal_id=row.principal_id,
        principal_name=row.principal_name,
        patient_ids=row.patient_ids,
        outcome=row.outcome,
        request_id=row.request_id,
        client_address=row.client_address,
        occurred_at=timestamp(row.occurred_at),
        business_time=timestamp(row.business_time),
        reason=row.reason,
    )
