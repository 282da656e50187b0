"""What runs, builds, measures and proves Polyclinic; never imported by a service."""
