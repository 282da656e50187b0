"""HTTP and JSON in front of gRPC, derived from the descriptors of the contracts and from nothing else."""
