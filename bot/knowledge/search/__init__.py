"""Finding entries: sentence embeddings, lexical features, and ranking. Nothing here imports Rasa."""
