"""One function for each RPC: guard, load, decide, save and emit, return."""
