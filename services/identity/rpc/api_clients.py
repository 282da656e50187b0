"""The ApiClients servicer: protobuf in → use case → protobuf out."""

from __future__ import annotations

from uuid import UUID

from polyclinic.identity.v1 import api_clients_pb2 as pb

from chassis.call import Call
from chassis.protos import timestamp
from identity import mapping
from identity.tables import ApiClient
from identity.usecases import api_clients


class ApiClientsRpc:
    """Serves polyclinic.identity.v1.ApiClients."""

    def ListApiClients(self, request: pb.ListApiClientsRequest, call: Call) -> pb.ListApiClientsResponse:
        rows, token = api_clients.list_page(
            call, request.query, request.active_only, request.page_size, request.page_token
        )
        return pb.ListApiClientsResponse(api_clients=[_client(row) for row in rows], next_page_token=token)

    def GetApiClient(self, request: pb.GetApiClientRequest, call: Call) -> pb.ApiClient:
        return _client(api_clients.get(call, UUID(request.api_client_id)))

    def RotateApiClientSecret(
        self, request: pb.RotateApiClientSecretRequest, call: Call
    ) -> pb.RotateApiClientSecretResponse:
        client, secret = api_clients.rotate(call, UUID(request.api_client_id), request.version)
        return pb.RotateApiClientSecretResponse(api_client=_client(client), client_secret=secret)

    def RevokeApiClient(self, request: pb.RevokeApiClientRequest, call: Call) -> pb.ApiClient:
        return _client(api_clients.revoke(call, UUID(request.api_client_id), request.reason))


def _client(row: ApiClient) -> pb.ApiClient:
    return pb.ApiClient(
        api_client_id=str(row.id),
        client_id=api_clients.client_id(row),
        name=row.name,
        roles=[mapping.role(name) for name in row.roles],
        active=row.active,
        made_at=timestamp(row.made_at),
        secret_at=timestamp(row.secret_at),
        revoked_at=timestamp(row.revoked_at),
        version=row.version,
    )
