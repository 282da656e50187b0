"""Fixtures of every test: real PostgreSQL and NATS, and services in process (see docs/guides/writing-a-service.md §11)."""

import infra.local  # noqa: F401  (tells gRPC, before its first use, that this process forks)

pytest_plugins = ["chassis.testing.plugin"]
