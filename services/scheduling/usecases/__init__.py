"""One function per RPC: guard, load, decide, save and emit, return."""
