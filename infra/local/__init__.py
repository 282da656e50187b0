"""The whole of Polyclinic on one machine: embedded PostgreSQL and NATS, simulators, every service, the gateway."""

import os

# gRPC reads this at its first use. By default it starts its threads anew in each forked child, in the moment before the child
# becomes the program it was forked for: now and then that program (initdb, postgres) then dies of a closed file descriptor.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
