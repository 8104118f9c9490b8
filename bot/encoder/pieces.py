"""The unigram tokenizer (Kudo 2018): the likeliest split of a text into known pieces."""

from __future__ import annotations

import unicodedata

import marisa_trie
import numpy as np

from bot.encoder.packed import Pieces

_SPACE = "\u2581"
_PREFIX = "query: "
"""e5 was trained with it for questions; all that is compared here is encoded as one."""
_NEVER = -10.0
"""How much less likely than the rarest piece a letter is that no piece holds."""
_IMPOSSIBLE = -1e30


class Tokenizer:
    """Turns texts into ids of pieces."""

    def __init__(self, pieces: Pieces, longest: int) -> None:
        """Build the tree of pieces.

        Args:
            pieces: what the model was trained with.
            longest: how many ids a text may have at most; the rest of it is left out.
        """
        first = {name: n for n, name in reversed(list(enumerate(pieces.names))) if name}
        self._tree = marisa_trie.Trie(list(first))
        self._ids = np.zeros(len(self._tree), np.int32)
        for name, piece in first.items():
            self._ids[self._tree[name]] = piece
        self._scores = pieces.scores[self._ids]
        self._longest_piece = max(map(len, first))
        self._never = float(pieces.scores.min()) + _NEVER
        self._normal = pieces.normal
        self._begin, self._end, self._unknown = pieces.begin, pieces.end, pieces.unknown
        self._longest = longest

    def __call__(self, text: str) -> list[int]:
        """Return the ids of a text, with those of its beginning and end (Viterbi)."""
        spelt = self._spelt(text)
        best = [0.0] + [_IMPOSSIBLE] * len(spelt)
        back = [(0, 0)] * (len(spelt) + 1)
        for start in range(len(spelt)):
            so_far = best[start]
            steps = [(start + 1, self._unknown, self._never)]
            for piece in self._tree.prefixes(spelt[start : start + self._longest_piece]):
                number = self._tree[piece]
                end = start + len(piece)
                steps.append((end, int(self._ids[number]), float(self._scores[number])))
            for end, piece_id, score in steps:
                if so_far + score > best[end]:
                    best[end], back[end] = so_far + score, (piece_id, start)
        ids = []
        at = len(spelt)
        while at:
            piece_id, at = back[at]
            ids.append(piece_id)
        return [self._begin, *ids[::-1][: self._longest - 2], self._end]

    def _spelt(self, text: str) -> str:
        text = text.encode("utf-8", "replace").decode()  # half a pair of surrogates is no letter
        text = unicodedata.normalize("NFKC", text)
        # A text with more letters than this has more pieces than are looked at.
        text = text[: self._longest * self._longest_piece]
        text = "".join(self._normal.get(letter, letter) for letter in _PREFIX + text)
        return _SPACE + _SPACE.join(part for part in text.split(" ") if part)
