"""Rocket.Chat: questions come in by an outgoing webhook, answers go out over the REST API.

``payload`` reads what the webhook sends, ``channel`` answers it in order, ``markup`` writes a reply
as Rocket.Chat shows it, ``client`` posts it and copes with every fault, ``check`` helps to set up.
"""
