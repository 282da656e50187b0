"""Identity's wiring."""

from __future__ import annotations

from polyclinic.identity.v1 import api_clients_pb2, clinics_pb2, identity_pb2, patient_access_pb2

from chassis.service import Service
from chassis.settings import SettingsError
from identity import events
from identity.rpc.api_clients import ApiClientsRpc
from identity.rpc.clinics import ClinicsRpc
from identity.rpc.identity import IdentityRpc
from identity.rpc.patient_access import PatientAccessRpc
from identity.secrets import KeyVault, Passwords
from identity.settings import Settings
from identity.usecases import keys
from identity.usecases.keys import Signer
from identity.usecases.sessions import SignInDesk


def build(settings: Settings) -> Service:
    """Puts identity together; nothing connects yet."""
    if settings.key_encryption_key is None:
        raise SettingsError(["POLYCLINIC_KEY_ENCRYPTION_KEY is required: it seals the signing keys"])
    service = Service("identity", settings)
    vault = KeyVault(settings.key_encryption_key)
    signer = Signer(vault, settings.access_token_seconds)
    passwords = Passwords(settings.password_memory_kib, settings.password_passes)
    desk = SignInDesk(settings, signer, passwords)

    def make_first_key() -> None:
        with service.units.system_call(None) as call:
            keys.ensure_first_key(call, vault)

    def own_keys() -> dict[str, object]:
        with service.units.system_call(None) as call:
            return keys.key_set(call, signer)

    service.verify_with(own_keys)
    service.before_ready(make_first_key)
    service.serve(identity_pb2.DESCRIPTOR.services_by_name["Identity"], IdentityRpc(desk))
    service.serve(api_clients_pb2.DESCRIPTOR.services_by_name["ApiClients"], ApiClientsRpc())
    service.serve(clinics_pb2.DESCRIPTOR.services_by_name["Clinics"], ClinicsRpc())
    service.serve(patient_access_pb2.DESCRIPTOR.services_by_name["PatientAccess"], PatientAccessRpc(desk))
    service.consume(events.SUBSCRIPTIONS)
    return service


def main() -> None:
    build(Settings.from_environment()).run()


if __name__ == "__main__":
    main()
