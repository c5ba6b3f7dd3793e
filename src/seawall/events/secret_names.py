"""Judge by its name whether a field holds a secret.

A name is judged by the words in it. A word such as `password` or `token` makes a secret wherever it stands, unless the word
behind it makes the name speak of the secret only: `tokenIssuerType`, `passwordPolicies`. Words that mean many things, such as
`code`, `key` and `pass`, need a word before them: `recoveryCode`, `LogonKey`, `tempPass`.

The rules are one expression of RE2. Whole columns are searched with it (`masked_columns`), so both agree by construction.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

import re2

_BREAK: Final = r"[_\-. ]"
"""What stands between the words of a name."""

_STRONG: Final = (
    "passw(?:or)?d", "passwort", "kennwort", "wachtwoord", "contrase.{1,2}a", f"mot{_BREAK}?de{_BREAK}?passe", "passphrase",
    "passcode", "pwd", "secret", "token", "credential", "cookie", "bearer", "jwt", "assertion", f"secure{_BREAK}?string",
    f"conn(?:ection)?{_BREAK}?str(?:ing)?", f"saml{_BREAK}?(?:response|request|art)", f"code{_BREAK}?verifier",
    f"access{_BREAK}?signature", f"private{_BREAK}?key", "mnemonic",
)  # fmt: skip
"""Words that make a secret wherever they stand in a name."""

_ABOUT: Final = (
    "age", "algorithm", "ary", "attempt", "audience", "authentication", "binding", "bits", "cap", "category", "change",
    "class", "complexity", "compromise", "count", "creat", "date", "description", "display", "elevat", "enabled",
    "encryptiontype",
    "endpoint", "error", "event", "exist", "expir", "failure", "flow", "force", "format", "grant", "hashsync", "history",
    "identifier", "index", "invalid", "issu", "iz", "keyid", "keythumb", "kind", "last", "leak", "length", "less",
    "lifetime", "limit", "manage", "max", "method", "min", "modif", "name", "never", "next", "not",
    "onnext", "owner", "policies", "policy",
    "profile", "propert", "protect", "provider", "quality", "reason", "registr", "replay", "require",
    "resetb", "resetc", "resetd", "resetm", "resetr", "resets", "resett", "result", "revo",
    "risk", "rotat", "rule", "scope", "service", "setting", "sid", "size", "source", "start", "stat", "store", "strength",
    "sync", "tenant", "theft", "thumbprint", "time", "type", "updat", "usage", "used", "valid", "version", "write",
)  # fmt: skip
"""Beginnings of words behind a strong word, with which the name speaks about a secret and holds none."""

_WHOLE_ABOUT: Final = (
    "id",
    "ids",
    "uid",
    "uids",
    "guid",
    "by",
    "at",
    "on",
    "set",
    "reset",
    "ref",
    "url",
    "uri",
)
"""The same, as whole words at the end of the name."""

_CODE_OF: Final = (
    "backup", "recovery", "mfa", "[2t]fa", f"(?:two|multi){_BREAK}?factor", "sms", "e?mail", "voice", "phone", "t?otp",
    "enrol{1,2}(?:ment)?", "verif(?:y|ication)", "auth", "authenti(?:cation|cator)", "authori[sz]ation", "device", "user",
    "pairing", "activation", "access", "security", "reset", f"log{_BREAK}?[io]n", f"sign{_BREAK}?in", "unlock",
    "invit(?:e|ation)", f"one{_BREAK}?time", "temp(?:orary)?", "pin", "challenge", "confirm(?:ation)?", "bypass", "scratch",
    "emergency", "registration", "redeem", "redemption", "linking", "claim", "session", "secure", "magic", "join", "rescue",
    "factor", "oauth2?", "pass",
)  # fmt: skip
_KEY_OF: Final = (
    "api", "access", "account", "secret", "shared", "storage", "signing", "encryption", "decryption", "master", "log[io]n",
    "host", "function", "functions", "subscription", "recovery", "bitlocker", f"pre{_BREAK}?shared", "symmetric", "session",
    "ssh", "pgp", "gpg", "hmac", "we?p", "wpa2?", f"wi{_BREAK}?fi", "sas", "primary", "secondary", "admin", "root", "client",
    "consumer", "webhook", "deploy", "auth(?:entication|orization)?", "app(?:lication)?", "integration", "license", "activation",
    "cipher", "crypto", "network", "password", "rsa", "aes", "server", "data", "bot", "service", "write", "unlock", "wallet",
)  # fmt: skip
_PASS_OF: Final = (
    "te?mp", "temporary", "access", "user", "admin", "old", "new", "current", "log[io]n", "db", "root", "ssh", "s?ftp", "smtp",
    "imap", "mail", "wifi", "sudo", "key", "master", "default", "initial", "domain", "svc", "service", "ldap", "bind", "http",
    "proxy", "auth", "my", "guest", "app", "vpn", "account", "rdp",
)  # fmt: skip
_HASH_OF: Final = (
    "pass", "pw", "nt", "lm", "(?:net)?ntlm(?:v?[12])?", "user", "kerberos", "krb5?", "shadow", "log[io]n", "bcrypt", "account",
)  # fmt: skip
_COOKIES: Final = (
    r"ests(?:auth|sso)\w*", "fedauth", "rtfa", r"[\w-]{0,20}s?apisid", r"[\w-]{0,20}1?p?sid(?:ts|cc)", "jsessionid", "phpsessid",
    "aspxauth", "rpssecauth", "mspauth", r"connect\.sid", r"x-ms-refreshtokencredential", r"__(?:secure|host)-[\w-]*",
)  # fmt: skip
_ALONE: Final = (
    "psk", "pass", "pw", "pin", "otp", "totp", "hotp", "cred", "creds", "sig", "tgt", "pfx", "pkcs12", "p12", "kirbi",
)  # fmt: skip
"""Words that make a secret as a word of their own: `userPin` and `pin_1`, and not `shipping`."""
_WHOLE: Final = ("signature", "authorization", f"proxy{_BREAK}?authorization")
"""Names of secrets that make none within longer names, such as `resultSignature`."""
_LINK_OF: Final = (
    "reset", "invit(?:e|ation)", "redeem", "redemption", "magic", "activation", "confirm(?:ation)?", "verif(?:y|ication)",
    "recovery", "unlock", f"one{_BREAK}?time", "enrol{1,2}(?:ment)?", f"web{_BREAK}?hook", "hook",
    "sas", f"pre{_BREAK}?signed", "signed",
    "signup", "setup", "password", "token",
)  # fmt: skip

_MORE: Final = (
    r"s", "es", "value", "values", "plain", "plaintext", "clear", "cleartext", "text", "hash", "new", "old", "data", "string",
    "str",
    "material", "base64", "b64", "hex", "raw", "current", "temp", "code", "codes", "input", "field", "blob", "content", "header",
    "bytes", "encoded", "enc", "confirm", "repeat", "again", "backup", "secret", "param", "parameter", "hint", "[0-9]",
)  # fmt: skip
"""Words that may follow a word that needs one before it."""


LONGEST_NAME: Final = 100
"""Characters at the end of a name that are looked at."""

_COMPOUNDS: Final = (
    (_CODE_OF, "code"),
    (_KEY_OF, "key"),
    (_PASS_OF, "pass"),
    (_HASH_OF, "hash"),
    (("otp", "wallet", "recovery", "mfa", "seed"), "(?:seed|phrase)"),
    (("security", "challenge", "recovery"), "answer"),
    (("auth", "service", "logon", "kerberos", "krb", "golden", "silver"), "ticket"),
    (("key",), "(?:value|material|secret)"),
)
_STOP: Final = r"\\\"'\t\r\n:=<>%&,;{}"
"""What ends a name in a text."""
_IN_NAME: Final = r"\w.\-\[\]()$#@/ "
_ABOUT_ENDS: Final = (
    "ids?", "identifier", "type", "kind", "name", "date", "time", "stamp", "status", "state", "usage", "algorithm", "provider",
    "method", "count", "issuer", "thumbprint", "description", "enabled", "length", "version", "expir(?:y|es|ed|ation)", "created",
    "updated", "modified", "scopes?", "audience",
)  # fmt: skip
"""Ends of the names of members that describe the secret which they lie in."""


def _one_of(words: Iterable[str]) -> str:
    return f"(?:{'|'.join(words)})"


def _list_about() -> list[str]:
    """Return the beginnings of what may follow a strong word, also in the plural; `$` is the end of the name."""
    whole = [word + "$" for word in _WHOLE_ABOUT]
    words = sorted({*_ABOUT, *whole, *("s" + word for word in (*_ABOUT, *whole))})
    return [word for word in words if not any(word != other and word.startswith(other) for other in words)]


def _follow(words: Iterable[str]) -> dict[str, list[str]]:
    """Return what follows the first letter of words, by that letter."""
    following: dict[str, list[str]] = {}
    for word in words:
        following.setdefault(word[0], []).append(word[1:])
    return following


def _write_departure(words: Iterable[str], excluded: str = "") -> str:
    """Return an expression for the letters up to the one that no word has in its place.

    RE2 needs time in proportion to a text's length, and has no negative look-ahead: letters are told apart one by one.
    """
    following = _follow(words)
    letters = sorted(letter for letter in following if letter != "$")
    ways = [f"[^{''.join(letters)}{_STOP}{excluded}]"]
    ways += [
        letter + _write_departure(following[letter]) for letter in letters if "" not in following[letter]
    ]
    return _one_of(ways)


def _write_beginning(words: Iterable[str]) -> str:
    """Return an expression for the beginnings of words that are none of them yet, and for nothing."""
    following = _follow(words)
    ways = [
        letter + _write_beginning(rests)
        for letter, rests in following.items()
        if letter != "$" and "" not in rests
    ]
    if not ways:
        return ""
    return _one_of(ways) + ("" if "$" in following else "?")


def write_name_expression(end: str) -> str:
    """Return an expression of RE2 that finds the name of a secret up to its end. `end` is what must stand behind the name."""
    about = _list_about()
    rest = f"(?:{_write_departure(about, '_. -')}[{_IN_NAME}]*|{_write_beginning(about)})"
    more = f"(?:{_BREAK}?{_one_of(_MORE)})*"
    weak = (
        *(f"{_one_of(words)}{_BREAK}?{noun}" for words, noun in _COMPOUNDS),
        _one_of(_COOKIES),
        rf"(?:^|[^A-Za-z]|\\[nrt]|%[0-9A-Fa-f]{{2}}){_one_of(_ALONE)}",
        f"(?:^|[^A-Za-z_.-]){_one_of(_WHOLE)}",
        f"(?-i:[a-z0-9]{_one_of(form for word in _ALONE for form in (word.capitalize(), word.upper()))})",
    )
    return f"(?i:(?:{_one_of(_STRONG)}s?{_BREAK}*{rest}|{_one_of(weak)}{more}){end})"


_is_secret: Final = re2.compile(write_name_expression('"'))
LINK_NAME: Final = f"(?i:{_one_of(_LINK_OF)}{_BREAK}?(?:link|ur[il]|address)s?)"
"""Expression of RE2 for the name of an address that opens something."""
_is_no_secret: Final = re2.compile(
    rf'(?i)(?:(?:delta|skip|page|sync|continuation|concurrency|cancellation){_BREAK}?token|federated{_BREAK}?(?:identity)?{_BREAK}?credential)s?"'
)
"""Places in a listing, and names of credentials that other providers vouch for."""
_is_link: Final = re2.compile(LINK_NAME + '"')
_is_about: Final = re2.compile(f'(?i){_one_of(_ABOUT_ENDS)}"')


def is_secret_name(name: str) -> bool:
    """Return whether a field of this name holds a secret. Only the last characters of a long name count."""
    return _judge_name(name[-LONGEST_NAME:])


def is_link_name(name: str) -> bool:
    """Return whether a field of this name holds an address that opens something: a link of a reset, a webhook."""
    return _is_link.search(_close(name[-LONGEST_NAME:])) is not None


def describes_secret(name: str) -> bool:
    """Return whether a member of this name describes the secret that it lies in, such as its id or its type."""
    return _is_about.search(_close(name[-LONGEST_NAME:])) is not None and not is_secret_name(name)


@lru_cache(8_192)
def _judge_name(name: str) -> bool:
    closed = _close(name)
    return _is_secret.search(closed) is not None and _is_no_secret.search(closed) is None


def _close(name: str) -> str:
    return name.replace('"', " ") + '"'
