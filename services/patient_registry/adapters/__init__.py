"""Libraries that make things of bytes: pictures, paper."""
