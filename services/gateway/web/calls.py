"""What a page asks of the services: the same RPCs as everybody, by ``Service.Method``, with the person's own token."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.descriptor import ServiceDescriptor

from chassis import descriptors, errors
from gateway import errors as problems
from gateway.edge import Exchange
from gateway.transcoding.contracts import service_key


class Refused(Exception):
    """A service said no; ``problem`` is what the API would have answered."""

    def __init__(self, problem: problems.Problem) -> None:
        super().__init__(problem.reason)
        self.problem = problem


@dataclass(frozen=True)
class Ask:
    """One call of a page: the RPC and its request, as a message or as its fields."""

    name: str
    fields: Mapping[str, Any]
    message: Any = None


@dataclass(frozen=True)
class Part:
    """What came of one of several calls: an answer, or a problem, or nothing since the person may not ask."""

    value: Any = None
    problem: problems.Problem | None = None
    denied: bool = False

    def need(self) -> Any:
        """The answer. Raises Refused when the page cannot be without it."""
        if self.problem is not None:
            raise Refused(self.problem)
        if self.denied:
            raise Refused(problems.from_error(errors.PermissionDenied()))
        return self.value


class Rpcs:
    """Every RPC of the installation by ``Service.Method``, e.g. ``Scheduling.GetDay``."""

    def __init__(self, services: Iterable[ServiceDescriptor]) -> None:
        self._known = {
            f"{service.name}.{method.name}": (service_key(service), descriptors.rpc(method))
            for service in services
            for method in service.methods
        }

    def __contains__(self, name: str) -> bool:
        return name in self._known

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def find(self, name: str) -> tuple[str, descriptors.Rpc]:
        """The service's key and the RPC. Raises Unavailable when this installation has none of that name."""
        try:
            return self._known[name]
        except KeyError:
            raise errors.Unavailable(internal=f"no contract has {name}") from None


class Caller:
    """Asks on behalf of the person of one exchange."""

    def __init__(self, rpcs: Rpcs, exchange: Exchange) -> None:
        self._rpcs = rpcs
        self._exchange = exchange

    def request_class(self, name: str) -> Any:
        """The message that an RPC takes."""
        return self._rpcs.find(name)[1].request_class

    def may(self, name: str) -> bool:
        """Whether an RPC (``Service.Method``) is open to the person: by permission, as a patient where patients may, or to anybody."""
        principal = self._exchange.principal
        rpc = self._rpcs.find(name)[1]
        if principal is None:
            return rpc.public
        return principal.may(rpc.permission) or rpc.public or (rpc.patient_self and principal.kind == "patient")

    def call(self, ask: Ask, key: str = "") -> Any:
        """One answer. Raises Refused."""
        return self._take(self._begin(ask, key)).need()

    def together(self, asks: Mapping[str, Ask]) -> dict[str, Part]:
        """Several answers at once, each failing alone; what the person may not ask is not asked."""
        begun = {name: self._begin(ask, "") if self.may(ask.name) else None for name, ask in asks.items()}
        return {name: self._take(future) if future is not None else Part(denied=True) for name, future in begun.items()}

    def _begin(self, ask: Ask, key: str) -> grpc.Future | problems.Problem:
        try:
            service, rpc = self._rpcs.find(ask.name)
            message = ask.message if ask.message is not None else rpc.request_class(**ask.fields)
            return self._exchange.begin(service, rpc, message, key)
        except errors.Error as error:
            return problems.from_error(error)

    @staticmethod
    def _take(future: grpc.Future | problems.Problem) -> Part:
        if isinstance(future, problems.Problem):
            return Part(problem=future)
        try:
            return Part(value=future.result())
        except grpc.RpcError as error:
            return Part(problem=problems.from_rpc(error))
