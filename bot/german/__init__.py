"""German text: writing variants, words and their parts, and the names of the groups."""
