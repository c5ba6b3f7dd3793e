"""A real php-fpm with one page that says which headers PHP took from the request."""

from __future__ import annotations

import getpass
import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.gate.gates import until
from tests.gate.proxies import Reply

PAGE = """<?php
header('Content-Type: application/json');
$found = array_filter($_SERVER, fn ($name) => str_starts_with($name, 'HTTP_'), ARRAY_FILTER_USE_KEY);
echo json_encode($found, JSON_FORCE_OBJECT | JSON_INVALID_UTF8_SUBSTITUTE);
"""


@dataclass
class Php:
    """A running php-fpm: the socket it listens on, and the folder of its page."""

    socket: Path
    root: Path


def program() -> Path:
    """php-fpm, which Debian names after its version. Skips the test where there is none."""
    found = sorted(Path("/usr/sbin").glob("php-fpm*"))
    if not found:
        pytest.skip("there is no php-fpm here (tools/ensure_proxies.sh installs it where it can)")
    return found[-1]


@contextmanager
def running(folder: Path) -> Iterator[Php]:
    """php-fpm on a unix socket in `folder`, until the block ends."""
    root = folder / "www"
    root.mkdir(parents=True)
    (root / "index.php").write_text(PAGE, "utf-8")
    socket, configuration = folder / "php.sock", folder / "php-fpm.conf"
    configuration.write_text(
        f"""
[global]
error_log = {folder}/php.log
daemonize = no
[www]
user = {getpass.getuser()}
listen = {socket}
pm = static
pm.max_children = 2
""",
        "utf-8",
    )
    options = ["--allow-to-run-as-root"] if os.getuid() == 0 else []
    command = [str(program()), "--nodaemonize", "--no-php-ini", "--fpm-config", str(configuration), *options]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: process.poll() is not None or socket.exists())
        assert process.poll() is None, (folder / "php.log").read_text("utf-8", "replace")
        yield Php(socket, root)
    finally:
        process.terminate()
        process.wait(20)


def identity_of(reply: Reply) -> dict[str, str]:
    """What the page understands to be the gate's headers, by the names of `$_SERVER`."""
    found = json.loads(reply.body)
    return {name: value for name, value in found.items() if re.match(r"HTTP_X\W?_?AUTH", name)}
