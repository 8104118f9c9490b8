"""PostgreSQL, Redis and nginx as Debian packages them, each started on a free port of its own."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import psycopg2
import pytest

from bot.settings import PROJECT

_POSTGRES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
START_SECONDS = 60


def find_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def need(program: str, *more: Path) -> str:
    """Return the path of a program, or skip the test (which fails it in CI)."""
    places = os.pathsep.join([*map(str, more), os.environ["PATH"], "/usr/sbin"])
    found = shutil.which(program, path=places)
    if not found:
        pytest.skip(f"{program} is not installed; „make services“ installs it")
    return found


def wait_until(ready: Callable[[], bool], what: str, seconds: float = START_SECONDS) -> None:
    """Poll until something is so.

    Raises:
        AssertionError: it was not so in time.
    """
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end, f"{what}: not within {seconds} s"
        time.sleep(0.02)


class Service:
    """A program that can be stopped, killed, frozen and started again on the same port."""

    def __init__(self) -> None:
        self.port = find_port()
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        raise NotImplementedError

    def answers(self) -> bool:
        raise NotImplementedError

    def start(self) -> None:
        self._run()
        wait_until(self._answers_at_last, type(self).__name__)

    def _run(self) -> None:
        with Path(os.devnull).open("w") as nothing:
            self._process = subprocess.Popen(
                self.command(), stdout=nothing, stderr=nothing, preexec_fn=self.before
            )

    def _answers_at_last(self) -> bool:
        """Whether it answers; what ended, as children of before still ran, is begun anew."""
        if self._process and self._process.poll() is not None:
            self._run()
        return self.answers()

    def before(self) -> None:
        """Run in the new process before the program is."""

    def send(self, number: int) -> None:
        assert self._process
        self._process.send_signal(number)

    def stop(self, number: int = signal.SIGTERM) -> None:
        if self._process and self._process.poll() is None:
            self._process.send_signal(number)
            try:
                self._process.wait(START_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def restart(self) -> None:
        self.stop()
        self.start()


class Redis(Service):
    def __init__(self) -> None:
        super().__init__()
        self._program = need("redis-server")
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        return [
            *(self._program, "--port", str(self.port), "--bind", "127.0.0.1"),
            *("--save", "", "--appendonly", "no"),
        ]

    def answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(100).startswith(b"+PONG")
        except OSError:
            return False


class Postgres(Service):
    """A cluster in a folder; runs as the user „postgres“ when the tests run as root."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._program = need("postgres", *_POSTGRES)
        self._folder = folder / "pg"
        self._folder.mkdir()
        self._account = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        if self._account:
            os.chown(self._folder, self._account.pw_uid, self._account.pw_gid)
            for parent in self._folder.parents:  # pytest's folders are for their owner only
                if parent.owner() == "root" and parent != Path("/"):
                    parent.chmod(parent.stat().st_mode | 0o011)
        subprocess.run(
            [
                *(need("initdb", *_POSTGRES), "-D", self._folder, "-U", "lotse", "-A", "trust"),
                *("-E", "UTF8", "--locale=C.UTF-8", "--no-sync"),
            ],
            check=True,
            capture_output=True,
            preexec_fn=self.before,
        )
        self.url = f"postgresql://lotse@127.0.0.1:{self.port}/postgres"

    def before(self) -> None:
        os.chdir("/")
        if self._account:
            os.setgroups([])
            os.setgid(self._account.pw_gid)
            os.setuid(self._account.pw_uid)

    def command(self) -> list[str]:
        return [
            *(self._program, "-D", str(self._folder), "-p", str(self.port), "-h", "127.0.0.1"),
            *("-k", str(self._folder), "-c", "max_connections=60"),
        ]

    def answers(self) -> bool:
        try:
            psycopg2.connect(self.url, connect_timeout=2).close()
        except psycopg2.OperationalError:
            return False
        return True

    def stop(self, number: int = signal.SIGINT) -> None:
        """Stop at once, cutting all connections (a „fast“ shutdown)."""
        super().stop(number)

    def freeze(self) -> None:
        """Let all its processes stand still, as on a machine that hangs."""
        self._all(signal.SIGSTOP)

    def thaw(self) -> None:
        self._all(signal.SIGCONT)

    def _all(self, number: int) -> None:
        assert self._process
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        for pid in [self._process.pid, *map(int, children.read_text().split())]:
            os.kill(pid, number)


class Nginx(Service):
    """The site in ``deploy/nginx``, with other addresses and a certificate of its own."""

    def __init__(self, folder: Path, ports: list[int]) -> None:
        super().__init__()
        self._program = need("nginx")
        self._folder = folder / "nginx"
        self._folder.mkdir()
        self.url = f"https://127.0.0.1:{self.port}"
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
                *("-subj", "/CN=lotse", "-keyout", "lotse.key", "-out", "lotse.pem"),
            ],
            cwd=self._folder,
            check=True,
            capture_output=True,
        )
        self._file = self._folder / "nginx.conf"
        self._file.write_text(
            f"daemon off; pid {self._folder}/pid; error_log {self._folder}/error.log notice;\n"
            "worker_processes 1; events { worker_connections 4096; }\n"
            f"http {{ {self._temporary()}\n{self._site(ports)} }}\n"
        )

    def _temporary(self) -> str:
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        return " ".join(f"{kind}_temp_path {self._folder}/{kind};" for kind in kinds)

    def _site(self, ports: list[int]) -> str:
        """Return the two files, changed only where an administrator changes them."""
        deploy = PROJECT / "deploy" / "nginx"
        upstream = (deploy / "upstream.conf").read_text()
        given = ("5005", "5006", "5007")
        for port, our in zip(given, ports):
            upstream = upstream.replace(f"127.0.0.1:{port}", f"127.0.0.1:{our}")
        for port in given[len(ports) :]:
            upstream = re.sub(rf".*127\.0\.0\.1:{port}.*\n", "", upstream)
        site = (deploy / "lotse.conf").read_text()
        for old, new in (
            ("listen 80;", f"listen 127.0.0.1:{find_port()};"),
            ("listen 443 ssl", f"listen 127.0.0.1:{self.port} ssl"),
            ("/etc/ssl/certs", str(self._folder)),
            ("/etc/ssl/private", str(self._folder)),
        ):
            assert old in site
            site = site.replace(old, new)
        return upstream + site

    def command(self) -> list[str]:
        return [self._program, "-c", str(self._file), "-p", str(self._folder)]

    def check(self) -> str:
        """Return what ``nginx -t`` says."""
        return subprocess.run(
            [*self.command(), "-t"], check=False, capture_output=True, text=True
        ).stderr

    def answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True


class Process(Service):
    """A process of the assistant."""

    def __init__(self, module: str, log: Path, **settings: object) -> None:
        super().__init__()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = log
        self._module = module
        self._environment = {
            **os.environ,
            "RASA_TELEMETRY_ENABLED": "false",
            "LOTSE_PORT": str(self.port),
            **{f"LOTSE_{name.upper()}": str(value) for name, value in settings.items()},
        }

    def command(self) -> list[str]:
        return [sys.executable, "-W", "ignore", "-m", *self._module.split()]

    def begin(self) -> None:
        """Start without waiting until it answers."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command(), cwd=PROJECT, env=self._environment, stdout=log, stderr=log
            )

    def start(self) -> None:
        self.begin()
        self.wait()

    def wait(self) -> None:
        wait_until(lambda: self.answers() or self.ended, f"process ({self.log})", 240)
        assert not self.ended, self.log.read_text()[-3000:]

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    @property
    def ended(self) -> bool:
        assert self._process
        return self._process.poll() is not None

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=5) as reply:
                return bool(reply.status == 200)
        except OSError:
            return False
