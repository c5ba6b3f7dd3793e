"""A PostgreSQL of the tests' own: made, started and thrown away by them, reached through a socket in its folder."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

_BOOT_SECONDS = 60


def programs() -> Path | None:
    """The folder of initdb and postgres, None where there is no PostgreSQL."""
    installed = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parents[1].name)
    )
    if installed:
        return installed[-1].parent
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


class Server:
    """A running server."""

    def __init__(self, bin_folder: Path) -> None:
        self._bin = bin_folder
        self.folder = Path(tempfile.mkdtemp(prefix="seawall-pg-"))
        self._owner = "postgres" if os.geteuid() == 0 else None  # it refuses to run as root
        if self._owner:
            shutil.chown(self.folder, pwd.getpwnam(self._owner).pw_uid)
        self._numbers = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._run("initdb", "-D", str(self.folder / "data"), "-U", "seawall", "-A", "trust", "-E", "UTF8",
                  "--locale=C.UTF-8", "--no-sync", "--no-instructions")  # fmt: skip
        self.start()

    def _run(self, name: str, *arguments: str) -> None:
        command = [str(self._bin / name), *arguments]
        subprocess.run(
            command, check=True, user=self._owner, cwd=self.folder, capture_output=True, timeout=120
        )

    def start(self) -> None:
        settings = (
            "fsync=off",
            "listen_addresses=",
            "max_connections=40",
            f"unix_socket_directories={self.folder}",
        )
        options = [part for setting in settings for part in ("-c", setting)]
        self._process = subprocess.Popen(
            [str(self._bin / "postgres"), "-D", str(self.folder / "data"), *options],
            user=self._owner, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        until = time.monotonic() + _BOOT_SECONDS
        while True:
            try:
                psycopg.connect(self._conninfo("postgres")).close()
            except psycopg.OperationalError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)
            else:
                return

    @property
    def pid(self) -> int:
        """The process of the server, whose children are its backends."""
        assert self._process is not None
        return self._process.pid

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop; SIGINT cuts connections, SIGQUIT does not even tidy up."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(60)
            self._process = None

    def remove(self) -> None:
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _conninfo(self, name: str) -> str:
        return f"host={self.folder} user=seawall dbname={name}"

    def database(self, encoding: str = "UTF8") -> str:
        """Make a database and return its URL."""
        name = f"test_{next(self._numbers)}"
        with psycopg.connect(self._conninfo("postgres"), autocommit=True) as connection:
            extra = "" if encoding == "UTF8" else " LOCALE 'C'"
            connection.execute(
                f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}'{extra}".encode()
            )
        return self.url(name)

    def schema(self) -> str:
        """Make an empty schema and return the URL by which a program sees it alone; much cheaper than a database."""
        name = f"test_{next(self._numbers)}"
        self.execute(self.url("postgres"), f"CREATE SCHEMA {name}")
        return f"{self.url('postgres')}&options=-csearch_path%3D{name}"

    def url(self, name: str) -> str:
        return f"postgresql://seawall@/{name}?host={self.folder}"

    def execute(self, url: str, statement: str) -> None:
        """Run a statement past Seawall."""
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement.encode())
