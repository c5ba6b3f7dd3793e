"""The settings of the transmitter: who signs, and which receivers are told by which way. A TOML file."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from seawall.response.errors import SignalsInvalid
from seawall_base.http_url import FetchError, parse_url
from seawall_base.regular_files import open_file
from seawall_base.secret_file import read_secret

Way = Literal["push", "poll"]

LARGEST: Final = 256 * 1024
MOST_STREAMS: Final = 1000
SHORTEST_TOKEN: Final = 32
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_VISIBLE: Final = re.compile(r"[!-~]{1,4096}")
_OF_STREAM: Final = frozenset({"name", "audience", "push", "token_file", "poll"})
_OF_TRANSMITTER: Final = frozenset({"issuer", "key", "outbox", "url"})


@dataclass(frozen=True, slots=True)
class SignalReceiver:
    """One receiver. `audience` is the `aud` that it expects.

    `push`: its endpoint, with the bearer token that it wants (or none). `poll`: it asks us, with a token of which only
    the SHA-256 is kept here.
    """

    name: str
    audience: str
    way: Way
    endpoint: str = ""
    token: str = field(default="", repr=False)
    digest: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class SignalSettings:
    """Who tells, with which key and whom. `url` is where receivers reach this transmitter (for polling)."""

    issuer: str
    key: Path
    outbox: Path
    streams: tuple[SignalReceiver, ...]
    url: str = ""

    def stream(self, name: str) -> SignalReceiver:
        """Return the stream of a name. Raises `SignalsInvalid`."""
        for stream in self.streams:
            if stream.name == name:
                return stream
        names = ", ".join(one.name for one in self.streams)
        raise SignalsInvalid(f"there is no stream {name!r}", fix=f"the streams are: {names}")


def load_settings(path: Path) -> SignalSettings:
    """Read the settings; files in it are relative to it. Raises `SignalsInvalid`, which names the setting."""
    try:
        with open_file(path) as file:
            data = file.read(LARGEST + 1)
        document = tomllib.loads(data.decode("utf-8"))
    except FileNotFoundError:
        raise SignalsInvalid(
            f"{path}: there are no settings: who is to be told, and signed by which key, is not known",
            fix="write it as docs/how-to/signals.md shows, or name it with --settings",
        ) from None
    except OSError as error:
        raise SignalsInvalid(
            f"{path}: the settings cannot be read: {error.strerror}", fix="check --settings"
        ) from None
    except (ValueError, RecursionError) as error:
        raise SignalsInvalid(
            f"{path}: no TOML: {str(error)[:200]}", fix="see docs/how-to/signals.md"
        ) from None
    if len(data) > LARGEST:
        raise SignalsInvalid(f"{path}: larger than {LARGEST} bytes", fix="see docs/how-to/signals.md")
    return _settings(path, document)


def _settings(path: Path, document: Mapping[str, Any]) -> SignalSettings:
    _known(path, "", document, frozenset({"transmitter", "stream"}))
    transmitter = document.get("transmitter")
    if not isinstance(transmitter, dict):
        raise SignalsInvalid(f"{path}: [transmitter] is missing", fix="see docs/how-to/signals.md")
    _known(path, "[transmitter]", transmitter, _OF_TRANSMITTER)
    streams = document.get("stream", [])
    if not isinstance(streams, list) or not 0 < len(streams) <= MOST_STREAMS:
        raise SignalsInvalid(
            f"{path}: [[stream]] is missing", fix="name who is to be told, see docs/how-to/signals.md"
        )
    made = tuple(_stream(path, one) for one in streams)
    for what, values in (("name", [one.name for one in made]), ("audience", [one.audience for one in made])):
        if len(set(values)) != len(values):
            raise SignalsInvalid(f"{path}: two streams have one {what}", fix="keep one of them")
    issuer = _https(path, "[transmitter] issuer", _text(path, "[transmitter]", transmitter, "issuer"))
    url = str(transmitter.get("url") or issuer)
    return SignalSettings(
        issuer=issuer,
        key=path.parent / _text(path, "[transmitter]", transmitter, "key"),
        outbox=path.parent / str(transmitter.get("outbox") or "signals.db"),
        streams=made,
        url=_https(path, "[transmitter] url", url),
    )


def _stream(path: Path, table: object) -> SignalReceiver:
    if not isinstance(table, dict):
        raise SignalsInvalid(f"{path}: write [[stream]] with two brackets", fix="see docs/how-to/signals.md")
    name = _text(path, "[[stream]]", table, "name")
    at = f"[[stream]] {name}"
    if not _NAME.fullmatch(name):
        raise SignalsInvalid(
            f"{path}: {at[:80]!r}: a name is letters a-z, digits and hyphens", fix="rename it"
        )
    _known(path, at, table, _OF_STREAM)
    audience = _text(path, at, table, "audience")
    if ("push" in table) == ("poll" in table) or table.get("poll", True) is not True:
        raise SignalsInvalid(f"{path}: {at}: either push = URL or poll = true", fix="choose one of them")
    token = _token(path, at, table)
    if "push" not in table:
        if len(token) < SHORTEST_TOKEN:
            raise SignalsInvalid(
                f"{path}: {at}: who polls needs a token of at least {SHORTEST_TOKEN} characters",
                fix="token_file: a file with one, made by: openssl rand -hex 32",
            )
        return SignalReceiver(name, audience, "poll", digest=hashlib.sha256(token.encode("ascii")).digest())
    endpoint = _https(path, f"{at}: push", _text(path, at, table, "push"))
    return SignalReceiver(name, audience, "push", endpoint, token)


def _known(path: Path, at: str, table: Mapping[str, Any], names: frozenset[str]) -> None:
    for name in sorted(table.keys() - names):
        raise SignalsInvalid(f"{path}: {at} {name[:80]!r} is not a setting", fix="see docs/how-to/signals.md")


def _text(path: Path, at: str, table: Mapping[str, Any], name: str) -> str:
    value = table.get(name)
    if not isinstance(value, str) or not value or len(value) > 2048:
        raise SignalsInvalid(
            f"{path}: {at[:80]}: {name} is missing or no text", fix="see docs/how-to/signals.md"
        )
    return value


def _https(path: Path, at: str, url: str) -> str:
    try:
        parse_url(url, allow_loopback_http=True)
    except FetchError as error:
        raise SignalsInvalid(f"{path}: {at}: {error}", fix="write https://host/path") from None
    if "?" in url:
        raise SignalsInvalid(f"{path}: {at}: no query may be in it", fix="write https://host/path")
    return url


def _token(path: Path, at: str, table: Mapping[str, Any]) -> str:
    """The token in the file that `token_file` names, which nobody else may read; empty where it names none."""
    if "token_file" not in table:
        return ""
    place = path.parent / _text(path, at, table, "token_file")
    text = read_secret(
        place, SignalsInvalid, what="the token", fix=f"check token_file of {at}", may_be_empty=True
    )
    if not _VISIBLE.fullmatch(text):
        raise SignalsInvalid(f"{place}: a token is one line of visible ASCII", fix="openssl rand -hex 32")
    return text
