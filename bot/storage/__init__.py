"""Where conversations are kept: bounded, one row each, deleted when due."""
