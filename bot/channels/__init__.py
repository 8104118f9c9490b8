"""The channels through which people talk to the assistant."""
