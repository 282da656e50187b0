"""Outside parties, one small module each."""
