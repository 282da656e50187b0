"""A real gRPC server in this process that answers real descriptors with what a test tells it to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf.descriptor import ServiceDescriptor

from chassis import descriptors, errors

Answer = Callable[[Any], Any]


@dataclass(frozen=True)
class Received:
    """One call as the service saw it."""

    method: str
    request: Any
    metadata: dict[str, str]
    seconds_left: float


@dataclass
class Backend:
    """Serves these services. A method without an answer sends the request back when it can, else an empty answer."""

    services: Iterable[ServiceDescriptor]
    answers: dict[str, Answer] = field(default_factory=dict)
    calls: list[Received] = field(default_factory=list)
    address: str = ""

    def start(self) -> None:
        """Listens on a free port of the loopback interface."""
        self._server = grpc.server(ThreadPoolExecutor(8))
        for service in self.services:
            handlers = {method.name: self._handler(method.name, descriptors.rpc(method)) for method in service.methods}
            self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service.full_name, handlers),))
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def stop(self) -> None:
        """Ends at once."""
        self._server.stop(None).wait()

    @property
    def last(self) -> Received:
        """The last call."""
        return self.calls[-1]

    def of(self, method: str) -> list[Received]:
        """All calls of one method."""
        return [call for call in self.calls if call.method == method]

    def _handler(self, name: str, rpc: descriptors.Rpc) -> grpc.RpcMethodHandler:
        def behaviour(request: Any, context: grpc.ServicerContext) -> Any:
            metadata = {key: value for key, value in context.invocation_metadata() if isinstance(value, str)}
            self.calls.append(Received(name, request, metadata, context.time_remaining()))
            try:
                if name in self.answers:
                    return self.answers[name](request)
            except errors.Error as error:
                context.abort_with_status(errors.to_status(error))
            return request if rpc.request_class is rpc.response_class else rpc.response_class()

        return grpc.unary_unary_rpc_method_handler(
            behaviour,
            request_deserializer=rpc.request_class.FromString,
            response_serializer=rpc.response_class.SerializeToString,
        )
