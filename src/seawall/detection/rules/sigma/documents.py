"""Read YAML documents from folders. The files are untrusted, so size, depth and repetitions are limited."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seawall.detection.rules.sigma.model import SkippedRule

SUFFIXES = (".yml", ".yaml")
MOST_FILES = 20_000
MOST_BYTES = 256 * 1024
MOST_DEPTH = 32
MOST_NODES = 50_000
MOST_ALIASES = 16
NODES_WITH_ALIASES = 2_000
"""Most nodes of a document with aliases. An alias repeats a node, so unlimited aliases could expand without bound."""


@dataclass(frozen=True, slots=True)
class RuleDocument:
    """Hold one YAML document that is a mapping, and the name of its file."""

    file: str
    content: dict[str, Any]


def read_documents(folder: Path) -> Iterator[RuleDocument | SkippedRule]:
    """Yield the documents of all YAML files below a folder (or of one file), ordered by path.

    For each file that cannot be used, yield a `SkippedRule` with the reason.
    """
    found = sorted(_files(folder))
    for path in found[:MOST_FILES]:
        yield from _read(
            path, make_readable(path.name if path == folder else path.relative_to(folder).as_posix())
        )
    if len(found) > MOST_FILES:
        yield SkippedRule(make_readable(str(folder)), f"holds {len(found):,} files; {MOST_FILES:,} are read")


def make_readable(text: str) -> str:
    """Return an untrusted text, for example a file name, with lone surrogates escaped."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_file():
        yield folder
        return
    for path in folder.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if not hidden and path.suffix.lower() in SUFFIXES and not path.is_dir():
            yield path


def _read(path: Path, name: str) -> Iterator[RuleDocument | SkippedRule]:
    try:
        if not path.is_file():  # a pipe would block, a device never ends
            yield SkippedRule(name, "cannot be read: no file")
            return
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        yield SkippedRule(name, f"cannot be read: {error.strerror}")
        return
    if len(content) > MOST_BYTES:
        yield SkippedRule(name, f"is larger than {MOST_BYTES // 1024} KiB")
        return
    try:
        parsed = parse_documents(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        yield SkippedRule(name, "is no UTF-8")
    except ValueError as error:
        yield SkippedRule(name, str(error))
    else:
        for one in parsed:
            if isinstance(one, dict):
                yield RuleDocument(name, one)
            elif one is not None:
                yield SkippedRule(name, "holds a document that is no mapping")


def parse_documents(text: str) -> Sequence[Any]:
    """Return the documents of a YAML text. Raises `ValueError` if it is invalid or exceeds the limits."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _check(yaml.parse(text, Loader=loader))
        return list(yaml.load_all(text, Loader=loader))
    except yaml.YAMLError as error:
        raise ValueError(f"is no YAML: {_where(error)}") from error
    except RecursionError as error:
        raise ValueError("is nested too deep") from error


def _check(events: Iterator[Any]) -> None:
    """Check the limits on parser events, before any object is built. Raises `ValueError`."""
    import yaml

    nodes = aliases = 0
    open_: list[str | None] = []
    for event in events:
        nodes += isinstance(event, yaml.NodeEvent)
        if isinstance(event, yaml.AliasEvent):
            aliases += 1
            if event.anchor in open_:
                raise ValueError("repeats itself within itself")
        elif isinstance(event, yaml.CollectionStartEvent):
            open_.append(event.anchor)
        elif isinstance(event, yaml.CollectionEndEvent):
            open_.pop()
        if len(open_) > MOST_DEPTH:
            raise ValueError(f"is nested deeper than {MOST_DEPTH} levels")
        if nodes > (NODES_WITH_ALIASES if aliases else MOST_NODES) or aliases > MOST_ALIASES:
            raise ValueError("says too much for a rule, or repeats it by aliases")


def _where(error: Exception) -> str:
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    return f"{problem or 'broken'}{f', line {mark.line + 1}' if mark else ''}"
