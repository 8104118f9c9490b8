"""The bridge between Rasa and the dialogue, for ``rasa run actions`` and for our own server."""
