"""Read the transmitter's settings: its identity, and its receivers with their delivery method. A TOML file."""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal

from seawall.response.errors import SignalsInvalid
from seawall_base.secret_file import read_secret
from seawall_base.settings_document import read_toml
from seawall_base.settings_reader import SettingsErrors
from seawall_base.settings_table import SettingDescription, read_table
from seawall_base.settings_values import InvalidValue, any_text, form, or_empty, unquoted_url
from seawall_base.toml_lines import Path as Place

Way = Literal["push", "poll"]

LONGEST_TEXT: Final = 2048
MOST_STREAMS: Final = 1000
SHORTEST_TOKEN: Final = 32
_FIX: Final = "every setting is described in docs/reference/settings.md"
_VISIBLE: Final = re.compile(r"[!-~]{1,4096}")
_needed: Final = any_text(LONGEST_TEXT, least=1)


def _parse_url(value: Any) -> str:
    """Parse a URL without a query."""
    found: str = unquoted_url(_needed(value))
    if "?" in found:
        raise InvalidValue("no query may be in it", "write https://host/path")
    return found


def check_way(stream: Any) -> Iterator[tuple[str, str, str]]:
    """Yield a fault if a receiver's delivery method is missing or ambiguous."""
    if bool(stream.push) == stream.poll:
        yield "", "a stream has either push or poll", 'write push = "https://host/path", or poll = true'


@dataclass(frozen=True, slots=True, kw_only=True)
class TransmitterTable:
    """`[transmitter]`: the issuer of the events, and its signing key."""

    issuer: Annotated[str, SettingDescription("`iss` of event tokens", _parse_url, "URL")]
    key: Annotated[
        Path, SettingDescription("the signing key: RSA (RS256) or P-256 (ES256), PEM, mode 0600", _needed)
    ]
    outbox: Annotated[
        str,
        SettingDescription(
            "database of sent events and their delivery; by default `signals.db` beside this file",
            is_file=True,
        ),
    ] = ""
    url: Annotated[
        str,
        SettingDescription("URL at which receivers poll; by default the issuer", or_empty(_parse_url), "URL"),
    ] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamTable:
    """`[[stream]]`: one receiver, with either `push` or `poll`."""

    CHECKS: ClassVar = (check_way,)

    name: Annotated[
        str,
        SettingDescription(
            "name of the stream in lists and logs: letters a-z, digits and hyphens",
            form(r"[a-z0-9][a-z0-9-]{0,62}", "letters a-z, digits and hyphens"),
            unique=str,
        ),
    ]
    audience: Annotated[str, SettingDescription("the `aud` that the receiver expects", _needed, unique=str)]
    push: Annotated[
        str,
        SettingDescription(
            "endpoint of the receiver, to which Seawall sends events", or_empty(_parse_url), "URL"
        ),
    ] = ""
    poll: Annotated[bool, SettingDescription("whether the receiver polls for its events")] = False
    token_file: Annotated[
        str,
        SettingDescription(
            "file with the bearer token for `push`, or of the receiver for `poll` (at least 32 characters), mode 0600",
            is_file=True,
        ),
    ] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalsFile:
    """The whole settings file, as written."""

    transmitter: Annotated[
        TransmitterTable, SettingDescription("the transmitter that signs and sends events")
    ]
    stream: Annotated[tuple[StreamTable, ...], SettingDescription("the receivers of events")]


@dataclass(frozen=True, slots=True)
class SignalReceiver:
    """One receiver. `audience` is the `aud` that it expects.

    `push`: its endpoint and bearer token, if it requires one. `poll`: the receiver fetches tokens; its bearer token
    is stored only as SHA-256.
    """

    name: str
    audience: str
    way: Way
    endpoint: str = ""
    token: str = field(default="", repr=False)
    digest: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class SignalSettings:
    """The transmitter's issuer, key and receivers. `url` is the address for polling receivers."""

    issuer: str
    key: Path
    outbox: Path
    streams: tuple[SignalReceiver, ...]
    url: str = ""

    def stream(self, name: str) -> SignalReceiver:
        """Return the receiver with this stream name. Raises `SignalsInvalid`."""
        for stream in self.streams:
            if stream.name == name:
                return stream
        names = ", ".join(one.name for one in self.streams)
        raise SignalsInvalid(f"there is no stream {name!r}", fix=f"the streams are: {names}")


def load_settings(path: Path) -> SignalSettings:
    """Read the settings; paths in them are relative to the file. Raises `SignalsInvalid` with every fault and its line."""
    if not path.exists():
        raise SignalsInvalid(
            f"{path}: the settings file is missing: it names the receivers and the signing key",
            fix=f"`seawall respond signals begin {shlex.quote(str(path))}` writes one to fill in; or name one by --settings",
        )
    document, faults = read_toml(path, SignalsInvalid, give="check --settings", described=_FIX)
    found = read_table(SignalsFile, document, (), faults, path.parent)
    if found is not None and not 0 < len(found.stream) <= MOST_STREAMS:
        faults.add(
            ("stream",), f"there are {len(found.stream)} streams", f"name 1 to {MOST_STREAMS} receivers"
        )
    tables = found.stream if found is not None else ()
    streams = tuple(_make_receiver(table, ("stream", number), faults) for number, table in enumerate(tables))
    faults.refuse()
    assert found is not None  # noqa: S101 - without it there was a fault
    transmitter = found.transmitter
    return SignalSettings(
        issuer=transmitter.issuer,
        key=transmitter.key,
        outbox=Path(transmitter.outbox) if transmitter.outbox else path.parent / "signals.db",
        streams=streams,
        url=transmitter.url or transmitter.issuer,
    )


def _make_receiver(table: StreamTable, at: Place, faults: SettingsErrors) -> SignalReceiver:
    """Return a receiver with its token. Faults of the token are added to `faults`."""
    token = ""
    try:
        token = _read_token(table.token_file)
    except SignalsInvalid as error:
        faults.add((*at, "token_file"), error.message, error.fix)
    else:
        if table.poll and len(token) < SHORTEST_TOKEN:
            what = f"who polls needs a token of at least {SHORTEST_TOKEN} characters"
            faults.add((*at, "token_file"), what, "name a file with one, made by: openssl rand -hex 32")
    if table.poll:
        digest = hashlib.sha256(token.encode("ascii")).digest()
        return SignalReceiver(table.name, table.audience, "poll", digest=digest)
    return SignalReceiver(table.name, table.audience, "push", table.push, token)


def _read_token(file: str) -> str:
    """Return the token in a file that only its owner can read, empty if no file is named. Raises `SignalsInvalid`."""
    if not file:
        return ""
    text = read_secret(
        Path(file), SignalsInvalid, what="the token", fix="check token_file", may_be_empty=True
    )
    if not _VISIBLE.fullmatch(text):
        raise SignalsInvalid(
            f"{file}: the file must hold one line of visible ASCII",
            fix="create a token: openssl rand -hex 32",
        )
    return text
