"""Read the knowledge base from YAML files and say precisely what is wrong with them.

All problems of all files are collected before anything is refused, each with file, line, entry
and remedy, so that an editor mends them in one go.
"""

from __future__ import annotations

import stat
from collections.abc import Container, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pydantic import BaseModel, ValidationError

from bot.knowledge.guide import Guide, missing
from bot.knowledge.model import (
    GRUPPEN,
    Contact,
    Entry,
    GroupFile,
    Header,
    Knowledge,
    OwnFile,
    Supplement,
)

HEADER_FILE = "gruppen.yml"
GUIDE_FILE = "guide.yml"
QUESTIONS_DIR = "fragen"
MAX_FILE_BYTES = 5_000_000
"""No knowledge file is anywhere near this size; a larger one is a mistake or an attack."""

_STRING = "tag:yaml.org,2002:str"
Path_ = tuple[Any, ...]


@dataclass(frozen=True)
class Problem:
    """One thing that an editor has to mend."""

    file: Path
    line: int
    what: str
    remedy: str
    entry: str = ""

    def __str__(self) -> str:
        where = f" [{self.entry}]" if self.entry else ""
        return f"{self.file}:{self.line}{where}: {self.what} – {self.remedy}"


class KnowledgeError(ValueError):
    """The knowledge base cannot be used; ``problems`` lists every reason."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(problems, key=lambda p: (str(p.file), p.line))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class ParsedFile(NamedTuple):
    """The plain data of a YAML file and the line at which each part of it stands."""

    path: Path
    data: Any
    lines: dict[Path_, int]

    def line(self, path: Path_) -> int:
        """Return the line of the part at ``path``, or of the nearest part around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


Found = dict[str, tuple[ParsedFile, int, Entry]]
"""Entries by id, each with its file and its position there."""


class Own(NamedTuple):
    """What a municipality adds beside entries."""

    supplements: dict[str, Supplement]
    contact: Contact | None


def load_knowledge(folder: Path, local: Path | None = None) -> Knowledge:
    """Load and validate a knowledge base.

    Args:
        folder: holds ``gruppen.yml``, the files of entries, and ``fragen/`` with more sample
            questions (``id -> [question]``, one file a voice); and ``guide.yml`` with the guided
            dialogues, where there are any.
        local: a municipality's own files (:class:`~bot.knowledge.model.OwnFile`), if the folder
            exists: entries, supplements to any entry, and the contact.

    Returns:
        The knowledge base, entries in document order, local ones last.

    Raises:
        KnowledgeError: anything is wrong in any file; carries all problems.
    """
    problems: list[Problem] = []
    header_file = _parse(folder / HEADER_FILE, problems)
    header = _validate(Header, header_file, problems) if header_file else None

    special = (HEADER_FILE, GUIDE_FILE)
    found: Found = {}
    named: set[str] = set()  # also the ids of entries in which something is wrong
    for path in sorted(folder.glob("*.yml")):
        parsed = _parse(path, problems) if path.name not in special else None
        if parsed:
            named |= _ids_in(parsed.data)
            if file := _validate(GroupFile, parsed, problems):
                _collect(parsed, file, found, problems)
    is_there = local is not None and local.is_dir()
    own = _load_own(local, found, named, problems) if local and is_there else Own({}, None)

    if header is not None and header_file is not None:
        problems += _check_references(found, named, header, header_file)
    questions = _load_questions(folder / QUESTIONS_DIR, named, problems)
    guide = _load_guide(folder / GUIDE_FILE, named, problems)
    if problems or header is None:
        raise KnowledgeError(problems)
    if not found:
        raise KnowledgeError(
            [Problem(folder, 1, "kein Eintrag gefunden", "Dateien mit Einträgen hineinlegen")]
        )
    entries = [
        entry.copy(update={"fragen": [*entry.fragen, *questions.get(entry.id, [])]})
        for _, _, entry in found.values()
    ]
    # sort is stable: within a group the order of the file is the order of the document
    entries.sort(key=lambda entry: GRUPPEN.index(entry.gruppe))
    return Knowledge(header, entries, own.supplements.values(), own.contact, guide)


def _collect(
    parsed: ParsedFile, file: GroupFile | OwnFile, found: Found, problems: list[Problem]
) -> None:
    """Add the entries of a file to those found so far; note ids that are taken."""
    for position, entry in enumerate(file.eintraege):
        if entry.id in found:
            other, at, _ = found[entry.id]
            problems.append(
                Problem(
                    parsed.path,
                    parsed.line(("eintraege", position, "id")),
                    f"die Id steht schon in {other.path.name}, "
                    f"Zeile {other.line(('eintraege', at))}",
                    "jeder Id nur einen Eintrag geben",
                    entry.id,
                )
            )
        else:
            found[entry.id] = (parsed, position, entry.copy(update={"gruppe": file.gruppe}))


def _load_own(folder: Path, found: Found, named: set[str], problems: list[Problem]) -> Own:
    """Read a municipality's own files; its entries are added to ``found`` and ``named``."""
    files: list[tuple[ParsedFile, OwnFile]] = []
    for path in _own_files(folder, problems):
        parsed = _parse(path, problems)
        if parsed:
            named |= _ids_in(parsed.data)
            if file := _validate(OwnFile, parsed, problems):
                _collect(parsed, file, found, problems)
                files.append((parsed, file))
    supplements: dict[str, Supplement] = {}
    contact: Contact | None = None
    for parsed, file in files:  # only now: a supplement may belong to an entry of a later file
        for position, added in enumerate(file.ergaenzungen):
            line = parsed.line(("ergaenzungen", position, "id"))
            if added.id not in named:
                what, remedy = f"es gibt keinen Eintrag „{added.id}“", "Id verbessern"
                problems.append(Problem(parsed.path, line, what, remedy, added.id))
            elif added.id in supplements:
                what, remedy = "zu diesem Eintrag gibt es schon eine Ergänzung", "zusammenlegen"
                problems.append(Problem(parsed.path, line, what, remedy, added.id))
            else:
                supplements[added.id] = added
        if file.kontakt and contact:
            line = parsed.line(("kontakt",))
            what = "„kontakt“ steht schon in einer anderen eigenen Datei"
            problems.append(Problem(parsed.path, line, what, "nur einen Kontakt angeben"))
        contact = contact or file.kontakt
    return Own(supplements, contact)


def _own_files(folder: Path, problems: list[Problem]) -> list[Path]:
    """Return the files to read; note those that look as if they were but aren't."""
    files = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "~")):  # what editors leave behind
            continue
        if path.suffix == ".yml" and not _leads_out(path, folder):
            files.append(path)
        elif path.suffix == ".yml":
            what = "die Datei ist ein Verweis auf eine Stelle außerhalb des Ordners"
            problems.append(Problem(path, 1, what, "die Datei selbst in den Ordner legen"))
        elif path.suffix.lower() in (".yaml", ".yml"):
            what = f"Dateien mit der Endung „{path.suffix}“ werden nicht gelesen"
            problems.append(Problem(path, 1, what, f"in „{path.stem}.yml“ umbenennen"))
    return files


def _leads_out(path: Path, folder: Path) -> bool:
    """Whether a file is a link to somewhere else, whose content an error could give away."""
    try:
        return not path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):  # a circle of links; reading it says what is wrong
        return False


def _load_guide(path: Path, entries: Container[str], problems: list[Problem]) -> Guide | None:
    """Read the guided dialogues; a knowledge base without ``guide.yml`` has none."""
    if not path.exists():
        return None
    parsed = _parse(path, problems)
    guide: Guide | None = _validate(Guide, parsed, problems) if parsed else None
    if parsed is None or guide is None:
        return None
    problems += [
        Problem(path, parsed.line(where), what, remedy)
        for where, what, remedy in missing(guide, entries)
    ]
    return guide


def load_questions_by_voice(folder: Path) -> dict[str, dict[str, list[str]]]:
    """Return the sample questions as ``voice -> entry id -> questions``.

    The voice is the name of the file under ``fragen/``. Cross-validation keeps a voice in one half.

    Raises:
        KnowledgeError: a file is not of the form ``id: [question]``.
    """
    problems: list[Problem] = []
    voices: dict[str, dict[str, list[str]]] = {}
    for path in sorted((folder / QUESTIONS_DIR).glob("*.yml")):
        voices[path.stem] = _questions_of(path, None, problems)
    if problems:
        raise KnowledgeError(problems)
    return voices


def _load_questions(folder: Path, known: set[str], problems: list[Problem]) -> dict[str, list[str]]:
    questions: dict[str, list[str]] = {}
    for path in sorted(folder.glob("*.yml")):
        for entry_id, texts in _questions_of(path, known, problems).items():
            questions.setdefault(entry_id, []).extend(texts)
    return questions


def _questions_of(
    path: Path, known: set[str] | None, problems: list[Problem]
) -> dict[str, list[str]]:
    parsed = _parse(path, problems)
    if parsed is None:
        return {}
    form = 'so schreiben: „id:“, darunter Zeilen „- "Frage"“'
    if not isinstance(parsed.data, dict):
        problems.append(Problem(path, 1, "die Datei ist keine Liste von Ids mit Fragen", form))
        return {}
    good: dict[str, list[str]] = {}
    for entry_id, texts in parsed.data.items():
        line = parsed.line((entry_id,))
        if known is not None and entry_id not in known:
            remedy = "Id verbessern oder den Eintrag anlegen"
            problems.append(Problem(path, line, f"es gibt keinen Eintrag „{entry_id}“", remedy))
        elif not isinstance(texts, list):
            problems.append(Problem(path, line, "hier fehlt eine Liste von Fragen", form, entry_id))
        else:
            good[entry_id] = []
            for index, text in enumerate(texts):
                if isinstance(text, str) and text.strip():
                    good[entry_id].append(text.strip())
                else:
                    at = parsed.line((entry_id, index))
                    problems.append(
                        Problem(path, at, "die Frage ist leer oder kein Text", form, entry_id)
                    )
    return good


def _ids_in(data: Any) -> set[str]:
    """Return the ids in a file of entries, whether or not the entries are valid."""
    entries = data.get("eintraege") if isinstance(data, dict) else None
    entries = entries if isinstance(entries, list) else []
    return {str(entry["id"]) for entry in entries if isinstance(entry, dict) and "id" in entry}


def _check_references(
    found: dict[str, tuple[ParsedFile, int, Entry]],
    named: set[str],
    header: Header,
    header_file: ParsedFile,
) -> list[Problem]:
    problems = []
    if header.dokument.eintrag and header.dokument.eintrag not in named:
        path, line = header_file.path, header_file.line(("dokument", "eintrag"))
        what = f"es gibt keinen Eintrag „{header.dokument.eintrag}“"
        problems.append(Problem(path, line, what, "Id verbessern"))
    for parsed, position, entry in found.values():
        for index, other in enumerate(entry.siehe_auch):
            if other not in named or other == entry.id:
                what = (
                    "der Eintrag verweist auf sich selbst"
                    if other == entry.id
                    else f"es gibt keinen Eintrag „{other}“"
                )
                line = parsed.line(("eintraege", position, "siehe_auch", index))
                remedy = "Id in „siehe_auch“ verbessern oder streichen"
                problems.append(Problem(parsed.path, line, what, remedy, entry.id))
        chapter = header.gruppen[entry.gruppe].kapitel if entry.gruppe in header.gruppen else None
        own = entry.quelle.dokument is not None
        if not own and entry.quelle.kapitel != chapter:
            line = parsed.line(("eintraege", position, "quelle"))
            what = f"die Gruppe „{entry.gruppe}“ steht in Kapitel {chapter}"
            remedy = "„kapitel“ verbessern oder bei eigenen Einträgen „dokument“ angeben"
            problems.append(Problem(parsed.path, line, what, remedy, entry.id))
    return problems


def _parse(path: Path, problems: list[Problem]) -> ParsedFile | None:
    """Read a file as plain data with line numbers; on failure note the problem."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # reading a pipe or a device may never end
            problems.append(Problem(path, 1, "das ist keine Datei mit Text", "entfernen"))
            return None
        if status.st_size > MAX_FILE_BYTES:
            problems.append(Problem(path, 1, "die Datei ist zu groß", "in kleinere Dateien teilen"))
            return None
        text = path.read_text(encoding="utf-8")
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            if isinstance(event, yaml.AliasEvent):  # a few of them can stand for gigabytes
                line = event.start_mark.line + 1 if event.start_mark else 1
                what = "Verweise der Form *name sind nicht erlaubt"
                problems.append(Problem(path, line, what, "den Text selbst hinschreiben"))
                return None
        loader = yaml.CSafeLoader(text)
        try:
            node = loader.get_single_node()
            lines: dict[Path_, int] = {}
            twice: list[tuple[int, str]] = []
            _walk(node, (), lines, twice)
            for line, key in twice:
                remedy = "einen der beiden streichen"
                problems.append(Problem(path, line, f"der Schlüssel „{key}“ steht doppelt", remedy))
            return ParsedFile(path, loader.construct_document(node) if node else None, lines)
        finally:
            loader.dispose()
    except OSError as error:
        problems.append(Problem(path, 1, f"nicht lesbar ({error.strerror})", "Datei anlegen"))
    except UnicodeDecodeError:
        problems.append(Problem(path, 1, "die Datei ist nicht UTF-8", "als UTF-8 speichern"))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        remedy = "Einrückung und Anführungszeichen prüfen"
        problems.append(Problem(path, line, f"kein gültiges YAML ({error.problem})", remedy))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        remedy = "Einrückung und Anführungszeichen prüfen"
        problems.append(Problem(path, 1, f"kein gültiges YAML ({error})", remedy))
    return None


def _walk(
    node: yaml.Node | None, path: Path_, lines: dict[Path_, int], twice: list[tuple[int, str]]
) -> None:
    """Note the line of every part of a YAML document, and keys that stand twice."""
    if node is None:
        return
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag != _STRING:
                raise yaml.MarkedYAMLError(
                    problem="ein Schlüssel ist kein Wort", problem_mark=key.start_mark
                )
            if key.value in seen:
                twice.append((key.start_mark.line + 1, key.value))
            seen.add(key.value)
            lines[(*path, key.value)] = key.start_mark.line + 1
            _walk(value, (*path, key.value), lines, twice)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _walk(value, (*path, index), lines, twice)


def _validate(model: type[BaseModel], parsed: ParsedFile, problems: list[Problem]) -> Any:
    """Turn plain data into a model; on failure note every problem with its line."""
    data = parsed.data if isinstance(parsed.data, dict) else {}
    try:
        return model.parse_obj(data)
    except ValidationError as errors:
        for error in errors.errors():
            loc = error["loc"]
            what, remedy = _in_german(error, model)
            problems.append(
                Problem(parsed.path, parsed.line(loc), what, remedy, _entry_at(data, loc))
            )
        return None


def _entry_at(data: dict[str, Any], loc: Path_) -> str:
    """Return the id of the entry that an error location lies in, or its number."""
    if len(loc) > 1 and loc[0] in ("eintraege", "ergaenzungen") and isinstance(loc[1], int):
        entries = data[loc[0]]
        entry = entries[loc[1]] if isinstance(entries, list) else None
        name = entry.get("id") if isinstance(entry, dict) else None
        return str(name or f"Eintrag {loc[1] + 1}")
    return ""


def _in_german(error: Mapping[str, Any], model: type[BaseModel]) -> tuple[str, str]:
    """Say in German what a pydantic error means and how to mend it."""
    field = ".".join(str(part) for part in error["loc"] if isinstance(part, str)) or "Datei"
    kind, context = error["type"], error.get("ctx", {})
    if kind == "value_error.missing":
        return f"„{field}“ fehlt", "ergänzen"
    if kind == "value_error.extra":
        return f"„{field}“ ist unbekannt", "Schreibweise prüfen oder streichen"
    if kind == "value_error.const":
        allowed = ", ".join(context.get("permitted", []))
        return f"„{field}“ hat einen unbekannten Wert", f"erlaubt sind: {allowed}"
    if kind == "value_error.any_str.min_length":
        return f"„{field}“ ist leer", "Text ergänzen oder die Zeile streichen"
    if kind == "value_error.any_str.max_length":
        return f"„{field}“ ist zu lang", f"auf {context['limit_value']} Zeichen kürzen"
    if kind.startswith("value_error.list."):
        return _list_in_german(field, kind, context)
    if kind == "value_error.str.regex":
        return (
            f"„{field}“ ist keine gültige Id",
            "Kleinbuchstaben, Ziffern und „-“ verwenden, z. B. politik-empfehlung-1",
        )
    if kind.startswith("type_error"):
        wanted = {"list": "eine Liste", "dict": "ein Abschnitt", "integer": "eine ganze Zahl"}
        word = next((text for key, text in wanted.items() if key in kind), "ein Text")
        return f"„{field}“ hat die falsche Form", f"hier gehört {word} hin"
    what = "es fehlt etwas" if kind == "value_error" else f"„{field}“ ist ungültig"
    return what, str(error["msg"])  # our own checks say what to do


def _list_in_german(field: str, kind: str, context: Mapping[str, Any]) -> tuple[str, str]:
    if kind.endswith("unique_items"):
        return f"in „{field}“ steht etwas doppelt", "eines davon streichen"
    limit = context["limit_value"]
    if kind.endswith("max_items"):
        return f"„{field}“ hat zu viele Zeilen", f"höchstens {limit} angeben"
    return f"„{field}“ hat zu wenige Zeilen", f"mindestens {limit} angeben"
