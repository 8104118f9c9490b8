"""The bridge between Rasa and the dialogue. ``rasa run actions`` and ``python -m bot serve`` use it."""
