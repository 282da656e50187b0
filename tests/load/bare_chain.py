"""The limit of a read: bare Flask → gRPC → PostgreSQL, same processes, pools and row, and nothing else.

`python -m tests.load.bare_chain service PORT DSN` and `python -m tests.load.bare_chain gateway PORT SERVICE_PORT`.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor

import grpc

READ = "select * from patient where tenant_id = %s and id = %s"


def serve_rows(port: int, dsn: str) -> None:
    """Eight threads, a pooled connection each; one query a call; the row as JSON in a protobuf string."""
    from google.protobuf.wrappers_pb2 import StringValue
    from sqlalchemy import create_engine

    engine = create_engine(dsn.replace("postgresql://", "postgresql+psycopg://", 1), pool_size=12)

    def read(request: StringValue, _context: object) -> StringValue:
        tenant, patient = request.value.split("/")
        with engine.connect() as connection:
            row = connection.exec_driver_sql(READ, (tenant, patient)).mappings().one()
        return StringValue(value=json.dumps(dict(row), default=str))

    handler = grpc.unary_unary_rpc_method_handler(
        read, request_deserializer=StringValue.FromString, response_serializer=StringValue.SerializeToString
    )
    server = grpc.server(ThreadPoolExecutor(8))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("bare.Rows", {"Read": handler}),))
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    server.wait_for_termination()


def serve_http(port: int, service_port: int) -> None:
    """One gunicorn worker with the gateway's number of threads."""
    from flask import Flask
    from google.protobuf.wrappers_pb2 import StringValue
    from gunicorn.app.base import BaseApplication

    app = Flask("bare")
    calls: list[grpc.UnaryUnaryMultiCallable] = []

    @app.get("/patients/<tenant>/<patient>")
    def read(tenant: str, patient: str) -> tuple[str, dict[str, str]]:
        if not calls:
            channel = grpc.insecure_channel(f"127.0.0.1:{service_port}")
            calls.append(channel.unary_unary("/bare.Rows/Read", StringValue.SerializeToString, StringValue.FromString))
        answer = calls[0](StringValue(value=f"{tenant}/{patient}"), timeout=10)
        return answer.value, {"Content-Type": "application/json"}

    class Bare(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            for name, value in {
                "bind": f"127.0.0.1:{port}",
                "worker_class": "gthread",
                "threads": 32,
                "loglevel": "error",
            }.items():
                self.cfg.set(name, value)

        def load(self) -> Flask:
            return app

    Bare().run()


if __name__ == "__main__":
    if sys.argv[1] == "service":
        serve_rows(int(sys.argv[2]), sys.argv[3])
    else:
        serve_http(int(sys.argv[2]), int(sys.argv[3]))
