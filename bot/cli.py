"""The command line: ``python -m bot --help`` lists what it does."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError
from sqlalchemy.engine import make_url

from bot.knowledge import KnowledgeError, load_knowledge
from bot.logs import configure_logging
from bot.preflight import of_system
from bot.settings import PROJECT, Settings, get_settings
from bot.settings_check import invalid_settings, unknown_settings

logger = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status; an expected error is one clear line."""
    parser = _parser()
    options = parser.parse_args(arguments)
    os.chdir(PROJECT)  # Rasa reads config.yml, domain.yml and data/ from here
    try:
        settings = get_settings()
    except ValidationError as error:
        wrong = [*invalid_settings(error, os.environ), *unknown_settings(os.environ)]
        print("Ungültige Einstellungen:", *wrong, sep="\n  ", file=sys.stderr)
        return 2
    configure_logging(settings.log_level, settings.log_format)
    for unknown in unknown_settings(os.environ):
        logger.warning(unknown)
    try:
        return int(options.run(options, settings) or 0)
    except KnowledgeError as error:
        print(f"Die Wissensbasis hat {len(error.problems)} Fehler:\n{error}", file=sys.stderr)
        return 1
    except (RuntimeError, ValueError) as error:
        print(f"Fehler: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"Fehler: {of_system(error)}", file=sys.stderr)
        return 1
    except MemoryError:
        print(
            "Fehler: Der Arbeitsspeicher reicht nicht. Abhilfe: mehr Speicher erlauben, siehe "
            "docs/betrieb.md.",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bot", description="Engagement-Lotse")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: object, help_: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=help_, description=help_)
        added.set_defaults(run=run)
        return added

    command("serve", _serve, "serve the assistant; trains first when something has changed")
    train = command("train", _train, "train when something that matters has changed")
    train.add_argument("--force", action="store_true", help="train in any case")
    command("chat", _chat, "talk to the assistant in the terminal")
    ask = command("ask", _ask, "ask one question and print the answer")
    ask.add_argument("question")
    evaluate = command("evaluate", _evaluate, "measure the running assistant with question sets")
    evaluate.add_argument("files", nargs="*", type=Path, help="default: tests/evaluation/*.yml")
    evaluate.add_argument("--url", help="default: the address in the settings")
    evaluate.add_argument("--json", type=Path, help="where to write figures and items")
    evaluate.add_argument("--misses", action="store_true", help="list what went wrong")
    evaluate.add_argument("--workers", type=int, default=4, help="conversations at a time")
    robustness = command("robustness", _robustness, "ask the same questions written differently")
    robustness.add_argument("files", nargs="*", type=Path, help="default: tests/evaluation/*.yml")
    robustness.add_argument("--url", help="default: the address in the settings")
    robustness.add_argument("--misses", action="store_true", help="list the changed answers")
    crossvalidate = command("crossvalidate", _crossvalidate, "train and test on different writers")
    crossvalidate.add_argument("--folds", type=int, default=4, help="parts that writers are in")
    crossvalidate.add_argument("--no-curve", action="store_true", help="no learning curve")
    crossvalidate.add_argument("--misses", action="store_true", help="list what went wrong")
    knowledge = command("knowledge", _knowledge_check, "check the knowledge base")
    parts = knowledge.add_subparsers(metavar="check|schema")
    parts.add_parser("check", help="validate all files").set_defaults(run=_knowledge_check)
    parts.add_parser("schema", help="write the JSON Schema").set_defaults(run=_knowledge_schema)
    rocketchat = command("rocketchat", _rocketchat_check, "check the connection to Rocket.Chat")
    steps = rocketchat.add_subparsers(metavar="check")
    check = steps.add_parser("check", help="check the settings against the server")
    check.set_defaults(run=_rocketchat_check)
    data = command("data", None, "delete, save or restore what is stored about conversations")
    data_parts = data.add_subparsers(metavar="purge|backup|restore", required=True)
    purge = data_parts.add_parser("purge", help="delete what is older than LOTSE_RETENTION_DAYS")
    purge.add_argument("--days", type=int, help="another age in days; 0 deletes everything")
    purge.set_defaults(run=_data_purge)
    backup = data_parts.add_parser("backup", help="save all conversations and feedback to a file")
    backup.add_argument("file", type=Path)
    backup.set_defaults(run=_data_backup)
    restore = data_parts.add_parser("restore", help="put back what a backup holds")
    restore.add_argument("file", type=Path)
    restore.set_defaults(run=_data_restore)
    command("feedback", _feedback, "show what people said about answers")
    command("settings", _settings, "list all settings with their values and meaning")
    return parser


def _serve(_: argparse.Namespace, settings: Settings) -> None:
    from bot.preflight import check_port
    from bot.server import serve
    from bot.training import train_if_changed

    check_port(settings)
    train_if_changed(settings)
    serve(settings)


def _train(options: argparse.Namespace, settings: Settings) -> None:
    from bot.training import train_if_changed

    train_if_changed(settings, force=options.force)


def _chat(_: argparse.Namespace, settings: Settings) -> None:
    from bot.terminal import chat

    asyncio.run(chat(settings))


def _ask(options: argparse.Namespace, settings: Settings) -> None:
    from bot.terminal import ask

    print(asyncio.run(ask(options.question, settings)))


def _evaluate(options: argparse.Namespace, settings: Settings) -> None:
    from bot.evaluation.run import evaluate

    evaluate(
        options.url or _address(settings),
        options.files,
        options.json,
        with_misses=options.misses,
        workers=options.workers,
    )


def _address(settings: Settings) -> str:
    return f"http://{settings.host}:{settings.port}"


def _robustness(options: argparse.Namespace, settings: Settings) -> None:
    from bot.evaluation.run import robustness

    knowledge = load_knowledge(settings.knowledge_dir)  # what the model has learnt
    url = options.url or _address(settings)
    robustness(url, options.files, knowledge, with_misses=options.misses)


def _crossvalidate(options: argparse.Namespace, settings: Settings) -> None:
    from bot.evaluation.run import crossvalidate

    crossvalidate(
        settings, options.folds, with_curve=not options.no_curve, with_misses=options.misses
    )


def _knowledge_check(_: argparse.Namespace, settings: Settings) -> None:
    knowledge = load_knowledge(settings.knowledge_dir, settings.local_dir)
    questions = sum(len(entry.fragen) for entry in knowledge.values())
    print(f"Die Wissensbasis ist in Ordnung: {len(knowledge)} Einträge, {questions} Fragen.")


def _knowledge_schema(_: argparse.Namespace, settings: Settings) -> None:
    from bot.knowledge.schema import SCHEMA_FILE, json_schema

    target = settings.knowledge_dir / SCHEMA_FILE
    target.write_text(json_schema(), encoding="utf-8")
    print(f"geschrieben: {target}")


def _rocketchat_check(_: argparse.Namespace, settings: Settings) -> int:
    from bot.channels.rocketchat.check import check

    lines, ready = asyncio.run(check(settings))
    print("\n".join(lines))
    return 0 if ready else 1


def _feedback(_: argparse.Namespace, settings: Settings) -> None:
    from bot.storage.feedback import FeedbackStore

    said = FeedbackStore(settings.database).all()
    by_entry = {feedback.entry: [f for f in said if f.entry == feedback.entry] for feedback in said}
    for entry, of_entry in sorted(by_entry.items(), key=lambda item: -len(item[1])):
        helped = sum(feedback.helpful for feedback in of_entry)
        print(f"{entry}: hilfreich {helped}, nicht hilfreich {len(of_entry) - helped}")
        for reason in filter(None, (feedback.reason for feedback in of_entry)):
            print(f"    {reason}")


def _data_purge(options: argparse.Namespace, settings: Settings) -> None:
    from bot.storage.retention import purge

    days = settings.retention_days if options.days is None else options.days
    gone = purge(settings.database, days)
    print(f"Gelöscht: {gone.conversations} Gespräche, {gone.reasons} Begründungen zu Bewertungen.")


def _data_backup(options: argparse.Namespace, settings: Settings) -> None:
    from bot.storage.backup import backup

    saved = backup(settings.database, options.file)
    print(
        f"Gesichert: {saved} in {options.file}. Die Datei enthält, was Menschen geschrieben haben."
    )


def _data_restore(options: argparse.Namespace, settings: Settings) -> None:
    from bot.storage.backup import restore

    print(
        f"Wiederhergestellt: {restore(settings.database, options.file, settings.retention_days)}."
    )


def _settings(_: argparse.Namespace, settings: Settings) -> None:
    for name, field in Settings.__fields__.items():
        value = getattr(settings, name)
        if name == "database_url" and value:
            value = repr(make_url(value))  # without the password
        print(f"LOTSE_{name.upper()}={value}\n    {field.field_info.description}")
