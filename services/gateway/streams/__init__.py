"""Server-sent events: what changed on a location's day, and the signals of a video visit."""
