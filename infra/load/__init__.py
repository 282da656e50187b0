"""A morning of two hundred clinics: seeded in bulk, driven over the public API, measured. `make load` prints it."""
