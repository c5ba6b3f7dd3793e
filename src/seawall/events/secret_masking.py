"""Mask the secrets in the text of a record, and leave everything else as it came.

Masked are values of members with the name of a secret, at any depth and in JSON within texts, values of name-value pairs,
and what looks like a token, a header or a signed query inside a text. The text may be damaged JSON. Identifiers of
messages, sessions and tokens stay, because they are evidence and open nothing.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import lru_cache

import msgspec

MASK = "[masked]"
_MASKED_VALUE = f'"{MASK}"'
_MOST_LEVELS = 4
"""Texts within texts that are looked into; a deeper one is searched for patterns alone."""
_MOST_OWNERS = 16
"""Pairs inside each other of which a value is masked with the value of each."""
_SHORTEST = 7
"""Characters of the shortest text in which a pattern is searched."""

_NAMES = frozenset(
    {
        "assertion", "authcode", "authorization", "authorizationcode", "bearer", "clientassertion",
        "codeverifier", "connectionstring", "devicecode", "jwt", "onetimecode", "otp", "passcode", "pin", "proxyauthorization",
        "pwd", "samlresponse", "secrettext", "sharedaccesssignature", "sig", "signature", "usercode", "verificationcode",
        "xapikey",
    }
)  # fmt: skip
_ENDS = (
    "accesskey", "accountkey", "apikey", "cookie", "cookies", "encryptionkey", "masterkey", "passphrase", "passwd", "password",
    "passwords", "privatekey", "secret", "secretkey", "secrets", "sharedkey", "signingkey", "storagekey", "token", "tokens",
)  # fmt: skip
_PAIR_NAMES = frozenset({"name", "key", "n", "displayname", "propertyname"})
_PAIR_VALUES = frozenset(
    {"value", "v", "newvalue", "oldvalue", "multivalue", "intvalue", "multiintvalue", "values"}
)
_OTHER, _SECRET, _PAIR_NAME, _PAIR_VALUE = range(4)
_HARMLESS = frozenset({"", "true", "false", "null", "none", MASK.lower(), '""', "[]", "{}", "***", "******"})

_QUERY = (
    "sig|signature|x-amz-signature|x-amz-security-token|x-amz-credential|x-goog-signature|x-goog-credential|token|auth|"
    "access_token|id_token|refresh_token|code|key|api_key|apikey|subscription-key|client_secret|client_assertion|assertion|"
    "saml(?:request|response)|password|passwd|pwd|secret|session_token|otp|device_code|login_hint_token"
)
_LABELS = (
    r"(?:[\w.-]*(?:password|passwd|passphrase|secret|token|api[_-]?key|access[_-]?key|account[_-]?key|shared[_-]?key|"
    r"private[_-]?key|sharedaccesssignature)|pwd)"
)
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?s)()-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY.*?(?:-----END [A-Z0-9 ]{0,30}PRIVATE KEY[A-Z -]{0,20}|\Z)",
        r"()eyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*){0,4}",
        r"(?i)(\b(?:bearer|basic|negotiate|ntlm|digest|ssws)\s+)(?:(?=\S*[0-9=])[A-Za-z0-9._~+/=-]{8,}|[A-Za-z0-9._~+/=-]{24,})",
        r"(?i)(\b(?:set-cookie|cookie|(?:proxy-)?authorization|x-api-key)[\"']?\s*[:=]\s*)[^\r\n\"]+",
        rf"(?i)([?&#](?:{_QUERY})=)[^&#\s\"'<>]+",
        rf"(?i)((?<![\w.-]){_LABELS}[\"'\\]{{0,3}}\s*[:=]\s*[\"'\\]{{0,3}})(?!true\b|false\b|null\b)[^\s\"',;&}}\\]{{3,}}",
        r"(?i)(\s--?[\w-]{0,60}(?:password|passwd|passphrase|secret|token|api-?key)\s+)[^\s\"'-][^\s\"']{2,}",
        r"(?i)(\b[a-z][a-z0-9+.-]{1,30}://[^/\s:@\"']{0,200}:)[^/\s@\"']{1,200}(?=@)",
        r"()\b[01]\.A[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{60,}",
        r"()(?<![A-Za-z0-9])[A-Za-z0-9_~.-]{3}[78]Q~[A-Za-z0-9_~.-]{31,34}",
        (
            r"()\b(?:gh[oprsu]_[A-Za-z0-9]{30,}|github_pat_\w{30,}|xox[abeoprs]-[A-Za-z0-9-]{10,}|(?:AKIA|ASIA)[A-Z0-9]{16}"
            r"|AIza[A-Za-z0-9_-]{35}|ya29\.[A-Za-z0-9._-]{20,}|1//0[A-Za-z0-9_-]{20,}|glpat-[A-Za-z0-9_-]{20,})"
        ),
    )
)
"""What looks like a secret by itself. The first group is what stays in front of it."""
_HINT = re.compile(
    r"(?i)eyj|bearer|basic|negotiate|ntlm|digest|ssws|cookie|auth|pass|pwd|secret|token|key|sig|code|saml|assertion|"
    r"credential|otp|://|\.a|q~|gh[oprsu]_|github_pat|xox|akia|asia|aiza|ya29|1//0|glpat|private"
)
_TOKEN = re.compile(r'("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?|([{}\[\]])|[^\s{}\[\],:"]+|"', re.DOTALL)
"""A string, which is a name if a colon follows; a bracket; a number or word; a quote that nothing closes."""
_PLAIN = re.compile(r"[^a-z0-9]")
_LONGEST_NAME = 100
"""Characters at the end of a name that are looked at."""


def is_secret_name(name: str) -> bool:
    """Return whether a field of this name holds a secret."""
    return _judge_name(name[-_LONGEST_NAME:])


@lru_cache(8_192)
def _judge_name(name: str) -> bool:
    plain = _PLAIN.sub("", name.lower())
    return plain in _NAMES or plain.endswith(_ENDS)


@lru_cache(8_192)
def _find_kind(name: str) -> int:
    """Return what the value behind a name is."""
    lower = name.lower()
    if lower in _PAIR_NAMES:
        return _PAIR_NAME
    return _PAIR_VALUE if lower in _PAIR_VALUES else _SECRET if _judge_name(name) else _OTHER


def mask_patterns(text: str) -> str:
    """Return a text with everything masked in it that looks like a secret by itself."""
    if len(text) < _SHORTEST or not _HINT.search(text):
        return text
    for pattern in _PATTERNS:
        text = pattern.sub(lambda match: match[1] + MASK, text)
    return text


def _mask_remembered(text: str) -> str:
    return _mask_short(text) if len(text) <= _LONGEST_NAME else mask_patterns(text)


_mask_short = lru_cache(65_536)(mask_patterns)


def mask_secrets(text: str, *, is_cut: bool = False) -> str:
    """Return the text of a record with its secrets masked; a text without any is returned as it is.

    JSON stays JSON, with the same values but those masked. `is_cut` says that the text is the beginning of a longer one: a
    value of a pair whose name may lie behind the cut is masked too, and so is a string that the cut opens.
    """
    found = _mask(text, _MOST_LEVELS, is_cut=is_cut)
    return mask_patterns(found) if is_cut or not _is_json(text) else found


def _is_json(text: str) -> bool:
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        try:
            json.loads(text, strict=False)
        except (ValueError, RecursionError):
            return False
    return True


def _mask(text: str, levels: int, *, is_cut: bool) -> str:
    edits = _Scanner(text, levels).find(is_cut=is_cut)
    if not edits:
        return text
    parts, at = list[str](), 0
    for start in sorted(edits):
        end, instead = edits[start]
        parts += [text[at:start], instead]
        at = end
    parts.append(text[at:])
    return "".join(parts)


Spans = list[tuple[int, int]]


@dataclass(slots=True)
class _Level:
    """An open object or array. `kind` is that of the value that comes next, and `owners` are the values of pairs around it."""

    is_secret: bool
    owners: tuple[Spans, ...] = ()
    kind: int = 0
    is_pair_secret: bool = False
    is_named: bool = False
    values: Spans = field(default_factory=list)


class _Scanner:
    """Walk over the tokens of a text without recursion, and collect (end, replacement) by start."""

    def __init__(self, text: str, levels: int) -> None:
        self._text, self._levels = text, levels
        self._edits: dict[int, tuple[int, str]] = {}
        self._open: list[_Level] = []
        self._is_key_next = False

    def find(self, *, is_cut: bool) -> dict[int, tuple[int, str]]:
        """Return the edits of the whole text."""
        for match in _TOKEN.finditer(self._text):
            string, colon, bracket = match.groups()
            if bracket is not None:
                self._follow(bracket)
            elif colon is not None:
                self._take_name(string, match.start())
            elif string is not None:
                self._take_string(string, match.start(), match.end())
            elif match[0] == '"':  # all behind it is text
                self._edits[match.start()] = (len(self._text), '"' + MASK)
                break
            else:
                self._note_value(match.start(), match.end())
        for level in self._open:
            if level.is_pair_secret or (is_cut and not level.is_named):
                self._mask_values(level.values)
        return self._edits

    def _follow(self, bracket: str) -> None:
        """Open or close a level."""
        if bracket in "{[":
            self._begin()
        elif self._open:
            level = self._open.pop()
            if level.is_pair_secret:
                self._mask_values(level.values)

    def _begin(self) -> None:
        above = self._open[-1] if self._open else None
        is_secret = above is not None and (above.is_secret or above.kind == _SECRET)
        owners: tuple[Spans, ...] = () if above is None else above.owners
        if above is not None and above.kind == _PAIR_VALUE:
            owners = (*owners, above.values)[-_MOST_OWNERS:]
        self._open.append(_Level(is_secret, owners))

    def _take_name(self, string: str, start: int) -> None:
        name = _read_content(string)
        if self._open:
            self._open[-1].kind = _find_kind(name[-_LONGEST_NAME:])
        if len(name) >= _SHORTEST:
            self._write(name, _mask_remembered(name), start, start + len(string))

    def _take_string(self, string: str, start: int, end: int) -> None:
        content = _read_content(string)
        level = self._open[-1] if self._open else None
        if level is not None and level.kind == _PAIR_NAME:
            level.is_named = True
            level.is_pair_secret |= is_secret_name(content)
        if not self._note_value(start, end) and len(content) >= _SHORTEST:
            self._write(content, self._mask_text(content), start, end)

    def _note_value(self, start: int, end: int) -> bool:
        """Note a value for the pairs that it lies in; mask it and return true if its own name is that of a secret."""
        if not self._open:
            return False
        level = self._open[-1]
        if level.kind == _PAIR_VALUE:
            level.values.append((start, end))
        for owner in level.owners:
            owner.append((start, end))
        if not (level.is_secret or level.kind == _SECRET):
            return False
        self._mask_values([(start, end)])
        return True

    def _write(self, content: str, masked: str, start: int, end: int) -> None:
        if masked != content:
            has_surrogates = any("\ud800" <= letter <= "\udfff" for letter in masked)
            self._edits[start] = (end, json.dumps(masked, ensure_ascii=has_surrogates))

    def _mask_text(self, content: str) -> str:
        if content[0] in '{["' and content[-1] in '}]"' and self._levels > 0:
            try:
                json.loads(content, strict=False)
            except (ValueError, RecursionError):
                pass
            else:
                return _mask(content, self._levels - 1, is_cut=False)
        return _mask_remembered(content)

    def _mask_values(self, spans: Spans) -> None:
        for start, end in spans:
            token = self._text[start:end]
            if (_read_content(token) if token[0] == '"' else token).lower() not in _HARMLESS:
                self._edits[start] = (end, _MASKED_VALUE)


def _read_content(token: str) -> str:
    """Return what a string of JSON says; a damaged one as it is written."""
    inner = token[1:-1]
    if "\\" not in inner:
        return inner
    try:
        found = json.loads(token, strict=False)
    except ValueError:
        return inner
    return found if isinstance(found, str) else inner
