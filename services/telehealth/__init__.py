"""Video visits: rooms, waiting room, signalling, and the record of who was in from when to when."""
