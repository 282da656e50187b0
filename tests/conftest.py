"""Fixtures of every test: real PostgreSQL and NATS, and services in process (see docs/guides/writing-a-service.md §11)."""

pytest_plugins = ["chassis.testing.plugin"]
