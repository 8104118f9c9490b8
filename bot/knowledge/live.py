"""The knowledge base while the assistant runs: changed files are taken up, invalid ones refused.

A thread looks at names, times and sizes of the files twice a second (which works on network
drives, too), builds knowledge and index beside those in use, and puts them in their place in one
assignment. Whoever works with :attr:`LiveKnowledge.current` keeps what it got to the end.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from bot.knowledge.load import QUESTIONS_DIR, KnowledgeError, Problem, load_knowledge
from bot.knowledge.model import Knowledge
from bot.knowledge.search.encoder import Encoder
from bot.knowledge.search.index import QuestionIndex, Row, rows

logger = logging.getLogger(__name__)

INTERVAL = 0.5
"""Seconds between two looks at the files."""

Stamps = dict[Path, tuple[int, int, int]]
"""File -> time of change (ns), size (bytes), inode: one of them differs after every change."""


@dataclass(frozen=True)
class Current:
    """Knowledge and index that belong together."""

    knowledge: Knowledge
    index: QuestionIndex


@dataclass(frozen=True)
class Status:
    """What ``/health`` says about the knowledge base."""

    loaded_at: datetime
    problems: tuple[Problem, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return ``{"status", "errors", "loaded_at"}``; files are named without their folders."""
        return {
            "status": "invalid" if self.problems else "ok",
            "errors": [str(replace(p, file=Path(p.file.name))) for p in self.problems],
            "loaded_at": self.loaded_at.isoformat(timespec="seconds"),
        }


class LiveKnowledge:
    """Holds the last good state of the knowledge base and keeps it up to date."""

    def __init__(
        self,
        folder: Path,
        local: Path | None = None,
        encoder: Encoder | None = None,
    ) -> None:
        """Load everything. Errors in the municipality's own files only leave those out.

        Args:
            folder: the knowledge base, which the model was trained on as it is now.
            local: the municipality's own files, which no model is ever trained on.
            encoder: for the meaning.

        Raises:
            KnowledgeError: there are errors in ``folder``; without it there is nothing to say.
        """
        self._folder = folder
        self._local = local
        self._encoder = encoder
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._had_local = False
        self.taken = 0
        """Changes taken up since the start."""
        self.refused = 0
        """Changes refused since the start, as they held errors."""
        self._stamps = self._look()
        core = load_knowledge(folder)
        self._learnt: frozenset[Row] = frozenset(rows(core))
        knowledge, problems = core, list[Problem]()
        try:
            knowledge = self._load()
        except KnowledgeError as error:
            problems = error.problems
            _log_refused(error)
        index = QuestionIndex(knowledge, encoder, learnt=self._learnt)
        self.current = Current(knowledge, index)
        self.status = Status(_now(), tuple(problems))

    def refresh(self) -> bool:
        """Take up changed files. Return whether :attr:`current` is a new one.

        An invalid state is refused: its errors go to the log and to :attr:`status`.
        """
        stamps = self._look()
        if stamps == self._stamps:
            return False
        self._stamps = stamps
        try:
            knowledge = self._load()
        except KnowledgeError as error:
            self.refused += 1
            self.status = replace(self.status, problems=tuple(error.problems))
            _log_refused(error)
            return False
        earlier = self.current.index
        index = QuestionIndex(knowledge, self._encoder, learnt=self._learnt, earlier=earlier)
        self.current = Current(knowledge, index)
        self.status = Status(_now())
        self.taken += 1
        logger.info("Wissensbasis neu geladen: %d Einträge", len(self.current.knowledge))
        return True

    def start(self, interval: float = INTERVAL) -> None:
        """Look for changes in the background, every ``interval`` seconds, until :meth:`stop`."""
        if self._thread is None:
            self._stop.clear()
            self._thread = threading.Thread(
                target=self._watch, args=[interval], name="wissensbasis", daemon=True
            )
            self._thread.start()

    def stop(self) -> None:
        """End the background thread; wait for it."""
        if self._thread is not None:
            self._stop.set()
            self._thread.join()
            self._thread = None

    def _watch(self, interval: float) -> None:
        while not self._stop.wait(interval):
            try:
                self.refresh()
            except Exception:  # whatever it is, the thread has to be there for the next change
                logger.exception("Die Wissensbasis ließ sich nicht neu laden")

    def _load(self) -> Knowledge:
        if self._local is not None:
            there = self._local.is_dir()
            if self._had_local and not there:  # a network drive that is away for the moment
                problem = Problem(self._local, 1, "der Ordner fehlt", "Ordner wiederherstellen")
                raise KnowledgeError([problem])
            self._had_local = there
        return load_knowledge(self._folder, self._local)

    def _look(self) -> Stamps:
        folders = [self._folder, self._folder / QUESTIONS_DIR]
        if self._local is not None:
            folders.append(self._local)
        stamps: Stamps = {}
        for folder in folders:
            # a folder that comes or goes counts as well, hence its own path
            for path in [folder, *folder.glob("*.y*ml")]:
                try:
                    stat = path.stat()
                except OSError:
                    continue
                at = 0 if path == folder else stat.st_mtime_ns
                size = 0 if path == folder else stat.st_size
                stamps[path] = (at, size, stat.st_ino)
        return stamps


def _log_refused(error: KnowledgeError) -> None:
    logger.error(
        "Die Wissensbasis hat %d Fehler; es gilt weiter der letzte gute Stand:\n%s",
        len(error.problems),
        error,
    )


def _now() -> datetime:
    return datetime.now(timezone.utc)
