"""The knowledge base: what an entry is, how files become entries, and how entries are found.

Nothing in here imports Rasa.
"""

from bot.knowledge.load import KnowledgeError, Problem, load_knowledge
from bot.knowledge.model import ARTEN, GRUPPEN, Entry, Group, Knowledge

__all__ = [
    "ARTEN",
    "GRUPPEN",
    "Entry",
    "Group",
    "Knowledge",
    "KnowledgeError",
    "Problem",
    "load_knowledge",
]
