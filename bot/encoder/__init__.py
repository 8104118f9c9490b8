"""The sentence encoder: its file, its tokenizer, its network. Nothing imports Rasa or PyTorch."""
