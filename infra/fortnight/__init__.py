"""Two weeks of a network of two hundred providers in simulated time: booked, moved, cancelled, offered round, seen, and proved."""
