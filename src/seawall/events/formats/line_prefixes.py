"""Take away what syslog puts before a JSON object on each line (RFC 3164 and RFC 5424), so that lines are those of the log.

<180>Aug 13 10:04:11 collector o365_audit: {"CreationTime": …}
<165>1 2026-03-02T10:00:00.000Z collector okta 812 - - {"eventType": …}
"""

from __future__ import annotations

import re

from seawall.events.formats.text_lines import ByteStream

LONGEST_PREFIX = 1024
"""Longest prefix that is taken away, in bytes."""

_PRIORITY = rb"<\d{1,3}>"
_TIME = rb"(?:[A-Z][a-z]{2} [ \d]\d(?: \d{4})? \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?)"
_PREFIX = re.compile(
    rb"^[ \t]*(?:" + _PRIORITY + rb"(?:\d{1,2} )?|" + _TIME + rb" )[^{}\n]{0,900}?(?=\{[ \t]*\")",
    re.MULTILINE,
)


def has_line_prefixes(head: bytes) -> bool:
    """Return whether the first line of a text with this beginning is a JSON object behind a prefix of syslog."""
    return _PREFIX.match(head.lstrip(b" \t\r\n\0")) is not None


class WithoutPrefixes:
    """Read a stream of lines without their prefixes. Lines without a prefix pass unchanged."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self._kept = b""
        self._is_inside = False

    def read(self, size: int) -> bytes:
        """Return about `size` bytes, b"" at the end."""
        while True:
            chunk = self._stream.read(size)
            data, self._kept = self._kept + chunk, b""
            if not data:
                return b""
            found = self._strip(data, is_last=not chunk)
            if found:
                return found

    def _strip(self, data: bytes, *, is_last: bool) -> bytes:
        """Return the data without prefixes; keep the beginning of a line until its prefix can be told."""
        begin = 0
        if self._is_inside:
            end = data.find(b"\n")
            if end < 0:
                return data
            begin = end + 1
        last = data.rfind(b"\n") + 1
        is_short = len(data) - last < LONGEST_PREFIX
        end = max(last, begin) if is_short and not is_last else len(data)
        self._kept = data[end:]
        self._is_inside = end > last
        return data[:begin] + _PREFIX.sub(b"", data[begin:end])
