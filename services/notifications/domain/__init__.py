"""Pure rules of messages: no database, no network, no clock."""
