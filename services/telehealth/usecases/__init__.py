"""One function per RPC, event or piece of due work."""
