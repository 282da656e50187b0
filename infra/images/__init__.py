"""Container images: one a service from one file, and a base made from Debian's packages where no registry is reachable."""
