"""Parse the parts of an Excel workbook as streams, with the library's parser and without document types or entities."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Protocol
from xml.parsers import expat

_CHUNK = 1 << 14
"""Bytes that are parsed at once. Few, because a cell of twenty bytes may stand for a long shared text."""
_LONGEST_TAG = 4 << 20
"""Most bytes that the parser may hold back for one tag."""
_DEPTH = 64
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
LONGEST_TEXT = 1 << 16
"""Most characters of a cell. Excel itself holds 32,767."""

Attributes = dict[str, str]


class BadWorkbook(ValueError):
    """The workbook is damaged, or exceeds a limit."""


class XmlHandler(Protocol):
    """Take the elements of a document. Names have no namespace."""

    def begin(self, name: str, attributes: Attributes, /) -> None:
        """Take the start of an element."""
        ...

    def end(self, name: str, /) -> None:
        """Take the end of an element."""
        ...

    def add_text(self, text: str, /) -> None:
        """Take a piece of text."""
        ...


class ByteReader(Protocol):
    """Read bytes."""

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, b"" at the end."""
        ...


def parse_xml(stream: ByteReader, handler: XmlHandler) -> Iterator[None]:
    """Parse a document, and pause after each piece of it. Raises BadWorkbook."""
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    depth = fed = 0
    names: dict[str, str] = {}

    def find_name(name: str) -> str:
        short = names.get(name)
        if short is None:
            short = name.rpartition("}")[2]
            if len(names) < 1_000:
                names[name] = short
        return short

    def begin(name: str, attributes: Attributes) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEPTH:
            raise BadWorkbook("its parts are nested too deep")
        handler.begin(find_name(name), attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        handler.end(find_name(name))

    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    parser.CharacterDataHandler = handler.add_text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        while data := stream.read(_CHUNK):
            fed += len(data)
            parser.Parse(data, False)
            if fed - max(parser.CurrentByteIndex, 0) > _LONGEST_TAG:
                raise BadWorkbook("a tag of more than 4 MiB")
            yield
        parser.Parse(b"", True)
    except (expat.ExpatError, LookupError) as error:
        raise BadWorkbook(f"its XML is damaged: {error}") from error
    yield


def parse_whole(stream: ByteReader, handler: XmlHandler) -> None:
    """Parse a document to its end. Raises BadWorkbook."""
    for _ in parse_xml(stream, handler):
        pass


def _refuse_doctype(*_: object) -> None:
    raise BadWorkbook("its XML has a document type")


def unescape(text: str) -> str:
    """Replace what Excel writes for control characters, such as `_x000D_`."""
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


class TextCollector:
    """Collect the text of `t` elements of a string with or without formats. Phonetic hints are left out."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._size = 0
        self._is_inside = False
        self._hints = 0

    def begin(self, name: str) -> None:
        """Take the start of an element inside of the string."""
        if name == "t":
            self._is_inside = not self._hints
        elif name == "rPh":
            self._hints += 1

    def end(self, name: str) -> None:
        """Take the end of an element inside of the string."""
        if name == "t":
            self._is_inside = False
        elif name == "rPh":
            self._hints -= 1

    def add_text(self, text: str) -> None:
        """Take a piece of text."""
        if self._is_inside and self._size <= LONGEST_TEXT:
            self._parts.append(text)
            self._size += len(text)

    def take(self) -> str:
        """Return the text, and begin the next one."""
        text = unescape("".join(self._parts)[:LONGEST_TEXT])
        self._parts, self._size, self._is_inside, self._hints = [], 0, False, 0
        return text


class ListHandler:
    """Call a function for the start of each element."""

    def __init__(self, begin: Callable[[str, Attributes], None]) -> None:
        self.begin = begin

    def end(self, name: str) -> None:
        """Take the end of an element."""

    def add_text(self, text: str) -> None:
        """Take a piece of text."""
