"""The rooms keep to themselves: imports run one way, no drawer has no name, and the clock stays outside."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterable, Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[1]
SOURCES = (ROOT / "src", ROOT / "packages/seawall-base/src", ROOT / "packages/seawall-tokens/src")
MODULES = sorted(path for source in SOURCES for path in source.rglob("*.py"))
NAMELESS = {"utils", "util", "helpers", "helper", "common", "core", "misc", "shared", "base", "tools"}
PURE = ("seawall/detection/", "seawall/events/", "seawall/pipeline/tail/")
LONGEST = 400
DATA = {"seawall/events/networks/known_systems.py"}
"""Lists of facts, one a line: long because there are many."""

CLOCK = {
    "time": {"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "localtime", "gmtime", "ctime"},
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
    "os": {"urandom", "getrandom"},
    "uuid": {"uuid1", "uuid4"},
}
CHANCE = {"random", "secrets"}


def relative(path: Path) -> str:
    return path.relative_to(next(source for source in SOURCES if path.is_relative_to(source))).as_posix()


@functools.cache
def text_of(path: Path) -> str:
    return path.read_text("utf-8")


@functools.cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    """Return every node of a module, the module itself first: parsing and walking cost more than all the checks."""
    return tuple(ast.walk(ast.parse(text_of(path))))


def test_imports_run_one_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert lint_imports(config_filename="pyproject.toml", no_cache=True) == 0


def _module_of(path: Path) -> str:
    return relative(path).removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def test_no_module_reaches_itself() -> None:
    """Imports for type checking count as well: a circle of them is a circle for everybody who reads."""
    names = {_module_of(path) for path in MODULES}
    imported: dict[str, set[str]] = {}
    for path in MODULES:
        found = imported.setdefault(_module_of(path), set())
        for node in nodes_of(path):
            if isinstance(node, ast.ImportFrom) and node.module:
                inner = [f"{node.module}.{alias.name}" for alias in node.names]
                found |= {name if name in names else node.module for name in inner} & names
            elif isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names} & names
    TopologicalSorter(
        {name: found - {name} for name, found in imported.items()}
    ).prepare()  # raises CycleError


def test_no_module_is_a_drawer_without_a_name() -> None:
    named = {part for path in MODULES for part in Path(relative(path)).with_suffix("").parts}
    assert not named & NAMELESS


def test_files_stay_short() -> None:
    lines = {relative(path): len(text_of(path).splitlines()) for path in MODULES}
    assert {name: count for name, count in lines.items() if count > LONGEST and name not in DATA} == {}


def _has_docstring(path: Path) -> bool:
    module = nodes_of(path)[0]
    assert isinstance(module, ast.Module)
    return bool(ast.get_docstring(module))


def test_every_module_says_what_it_is() -> None:
    assert [relative(path) for path in MODULES if not _has_docstring(path)] == []


def _impure(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """What reads the clock or rolls dice."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] in CHANCE)
        elif isinstance(node, ast.ImportFrom) and node.module:
            if node.module.split(".")[0] in CHANCE:
                yield node.module
            yield from (alias.name for alias in node.names if alias.name in CLOCK.get(node.module, ()))
        elif isinstance(node, ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else getattr(node.value, "attr", "")
            if node.attr in CLOCK.get(owner, ()) or (owner in {"np", "numpy"} and node.attr == "random"):
                yield f"{owner}.{node.attr}"


def test_between_reading_and_writing_there_is_no_clock() -> None:
    pure = [path for path in MODULES if relative(path).startswith(PURE)]
    assert pure
    assert {relative(path): found for path in pure if (found := list(_impure(nodes_of(path))))} == {}


def test_the_check_finds_clocks() -> None:
    for line in ("import random", "from time import time", "import numpy as np\nnp.random.default_rng()", "datetime.now()",
                 "datetime.datetime.now()", "time.time()", "os.urandom(3)", "from random import choice"):  # fmt: skip
        assert list(_impure(ast.walk(ast.parse(line)))), line


NETWORK = {
    "ssl",
    "http",
    "urllib",
    "urllib3",
    "requests",
    "httpx",
    "aiohttp",
    "ftplib",
    "smtplib",
    "asyncio",
    "msal",
    "google",
    "confluent_kafka",
}
NETWORKED = (
    "seawall/response/notification/smtp.py",
    "seawall/response/channels/syslog.py",
    "seawall_base/http_connection.py",
    "seawall_base/http_client.py",
    "seawall_base/proxy.py",
    "seawall/pipeline/live/message_socket.py",
    "seawall/pipeline/live/spawning.py",
    "seawall/pipeline/live/parser.py",
    "seawall/pipeline/live/child.py",
    "seawall/pipeline/supervision/service_manager.py",
    "seawall/vendor_api/access/",
    "seawall/collection/kafka/member.py",
    "seawall/spark/kafka_source.py",
    "seawall/collection/kafka/membership.py",
    "seawall/collection/kafka/partition_stream.py",
    "seawall/web/listen_address.py",
    "seawall/gate/",
    "seawall/console/",
)
"""The places that may: mail, syslog, key sets, logs, webhooks, both ends between server and watch, systemd, the server."""
HARMLESS = {"AF_INET", "AF_INET6", "inet_pton", "inet_ntop", "inet_aton", "inet_ntoa"}
"""What may be used of `socket`: reading addresses."""
READING = {"urllib.parse"}
"""What takes addresses apart and puts them together, and opens nothing."""


def test_sqlite_files_are_opened_in_one_place() -> None:
    opening = {
        relative(path)
        for path in MODULES
        if re.search(r"sqlite3\s*\.\s*connect|from sqlite3 import", text_of(path))
    }
    assert opening == {"seawall_base/sqlite_file.py"}


def _imported(nodes: Iterable[ast.AST]) -> set[str]:
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module not in READING:
            found.add((node.module or "").split(".")[0])
    return found


HTTP_LIBRARIES = {"http", "urllib", "urllib3", "requests", "httpx", "aiohttp"}
HTTP_CLIENT = ("seawall_base/http_connection.py", "seawall_base/http_client.py")


def test_one_client_sends_every_request() -> None:
    others = [path for path in MODULES if not relative(path).startswith(HTTP_CLIENT)]
    assert {
        relative(path): found for path in others if (found := _imported(nodes_of(path)) & HTTP_LIBRARIES)
    } == {}


def _connecting(nodes: Iterable[ast.AST]) -> set[str]:
    """Return what opens connections: libraries that do, and names of `socket` beyond the harmless ones."""
    nodes = list(nodes)
    found = _imported(nodes) & NETWORK
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "socket":
            found |= {node.attr} - HARMLESS
        elif isinstance(node, ast.ImportFrom) and node.module == "socket":
            found |= {alias.name for alias in node.names} - HARMLESS
    return found


def test_nothing_opens_a_connection() -> None:
    others = [path for path in MODULES if not relative(path).startswith(NETWORKED)]
    assert {relative(path): found for path in others if (found := _connecting(nodes_of(path)))} == {}


@pytest.mark.parametrize(
    "source",
    ["import ssl", "from http import client", "socket.create_connection(x)", "from socket import socket"],
)
def test_the_check_finds_connections(source: str) -> None:
    assert _connecting(ast.walk(ast.parse(source)))


def teardown_module() -> None:
    """Let go of a million nodes, which every later garbage collection of this process would visit."""
    nodes_of.cache_clear()
