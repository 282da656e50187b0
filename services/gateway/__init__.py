"""The only door: REST, OpenAPI, FHIR R4, sessions, webhooks and event streams in front of the gRPC services."""
