"""Fixtures for the tests of services: the real service in process, on real PostgreSQL and NATS."""

from chassis.testing.cases import Case
from chassis.testing.harness import Harness, RpcClient, expect_error

__all__ = ["Case", "Harness", "RpcClient", "expect_error"]
