"""Finding entries: sentence embeddings, lexical features, ranking. Nothing imports Rasa."""
