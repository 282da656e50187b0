"""OpenAPI 3.1 of everything that is served, from the same descriptors that serve it."""
