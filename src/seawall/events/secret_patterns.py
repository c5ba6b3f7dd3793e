"""Find secrets inside a text: by the name in front of them, or because they look like nothing else.

`HINT` is the expression of RE2 that decides which texts are looked at. Whole columns are searched with it, and so is each text.
The expressions behind it are bounded, so that a hostile text takes time in proportion to its length.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from functools import lru_cache
from typing import Final

import re2

from seawall.events.secret_names import LINK_NAME, LONGEST_NAME, is_secret_name, write_name_expression

MASK: Final = "[masked]"
_HARMLESS: Final = re.compile(
    r"(?i)|true|false|null|none|yes|no|\*+|\[masked\]|\"\"|\[\]|\{\}|-?\d{1,3}|not ?set|n/?a|%%\d{1,5}"
    r"|\d{4}-\d\d-\d\d(?:[T ][\d:.]{5,18}(?:Z|[+-]\d\d:?\d\d)?)?|\$\w{1,60}|\{\w{1,60}\}"
    r"|client(?:Secret|Assertion)|managedIdentity|federatedIdentityCredential|certificate|unknownFutureValue"
)
"""Values that are no secret, whatever their name: switches, blanks, counts, times, masks, variables, kinds of credentials."""

_PERCENT = r"%(?:25){0,2}"
_QUOTE = rf"(?:\\{{0,7}}[\"']|{_PERCENT}2[27]|&(?:quot|#3[49]);)"
_EQUALS = rf"(?:=>|[:=]|{_PERCENT}3[AaDd]|\\u003[AaDd])"
_END = (
    rf"(?!{_QUOTE}|{_PERCENT}(?:26|2[Cc]|3[Bb]|7[Dd]|0[AaDd]|20)|\\[nrt]|&(?:amp|lt|gt);|\\u00(?:26|3[CcEe]))"
)
_WORD = r"[\w.$@-]"
_VALUE = rf"(?:{_END}[^\s\"'<>,;&}}\]()\\])+"
_STRING = rf"(?:(?!{_QUOTE})[^\r\n]){{1,4000}}"
_LABEL = re.compile(
    rf"(?<!{_WORD})({_WORD}{{1,100}}+(?: {_WORD}{{1,40}}+){{0,2}})(?:{_QUOTE}|[ \t\]]){{0,6}}{_EQUALS}[ \t(\\]{{0,6}}"
)
"""A name, and what stands between it and its value."""
_CODED_BEFORE = {"%": re.compile(r"\A(?:25){0,2}[0-9A-Fa-f]{2}"), "\\": re.compile(r"\A[nrt]")}
"""The rest of an encoded character in front of a name, by its beginning."""
_LABELLED = re.compile(
    rf"({_QUOTE}[ \t]{{0,4}})(?!\[masked)({_STRING})|(?!\[masked)({_VALUE}(?:[^;\"'\r\n<>&=]{{0,100}}(?=;))?)"
)
"""The value behind a label: `password=x`, `"secret": "x y"`, `%26token%3Dx`, `Password=a b;`."""
_SWITCH = re.compile(
    r"((?:^|[\s\"'(,;\\])--?([A-Za-z][\w-]{0,60}+)\s{1,4})(\"[^\"]{1,4000}\"|'[^']{1,4000}'|[^\s\"'()$-][^\s\"']{0,4000})"
)
"""A switch of a command and its value: `-Password x`, `--client-secret "x y"`."""
_ELEMENT = re.compile(
    r"(<(?:\w{1,30}:)?([\w.-]{1,60}+)(?:\s[^<>]{0,200})?>\s{0,8})([^<>\s][^<>]{0,4000})(?=<)"
)
_ATTRIBUTE = re.compile(
    r"((?i:\b(?:name|key|id)\s?=\s?\\?[\"'])([\w.:-]{1,80}+)\\?[\"'](?:\s{1,4}(?i:value|v)\s?=\s?\\?[\"']|[^<>\"']{0,60}>))"
    r"([^<>\"'\\]{1,4000})"
)
"""`<Password>x</Password>`, `<add key="password" value="x"/>`, `<Data Name="Password">x</Data>`."""

_QUERY = (
    "sig|signature|x-amz-(?:signature|security-token|credential)|x-goog-(?:signature|credential)|token|auth|authkey|code|key|"
    "client_assertion|assertion|saml(?:request|response|art)|otp|pin|ticket|invite|invitation|sid|session|sessionid|t|tk|hash|nonce|"
    "oobcode|magic|se?cret|apikey|api_key|subscription-key|login_hint_token|user_code|device_code|password|passwd|pwd|pass"
)
_HOOKS = (
    r"hooks\.slack\.com|[\w.-]{0,80}webhook\.office(?:365)?\.com|outlook\.office(?:365)?\.com/webhook|hooks\.[\w.-]{1,80}|"
    r"webhooks?\.[\w.-]{1,80}|(?:ptb\.|canary\.)?discord(?:app)?\.com/api/webhooks|api\.telegram\.org|chat\.googleapis\.com|"
    r"maker\.ifttt\.com|[\w.-]{1,80}\.logic\.azure\.com(?::443)?|[\w.-]{1,120}api\.powerplatform\.com(?::443)?|"
    r"events\.pagerduty\.com|[\w.-]{1,60}\.pipedream\.net"
)
_OPENING = (
    r"tokens?|reset|(?:pass(?:word|wd)?[-_]?)?(?:reset|recover(?:y)?|forgot|set|change)(?:[-_]?pass(?:word|wd)?)?|recover|recovery|activate|"
    r"activation|welcome|invite|invites|invitation|invitations|redeem|verify(?:-email)?|verification|confirm(?:ation)?|magic(?:-?link)?|"
    r"signup|register|registration|unlock|enrol{1,2}(?:ment)?|otp|onetime|one-time|webhooks?|hooks?|webhookb2|bot|join|accept|ticket|"
    r"secrets?|share|s"
)
_SCHEMES = "bearer|basic|negotiate|ntlm|digest|ssws|dpop|apikey|token"
_CODES = (
    r"(?:verification|security|log-?in|sign-?in|one[- ]?time|access|authentication|authorization|confirmation|recovery|"
    r"backup|your|mfa|2fa|otp|sms|temporary|activation|reset|pairing|device|passcode|new|the)"
)
_PROVIDERS = (
    r"gh[oprsu]_\w{20,}|github_pat_\w{20,}|xox[a-z]-[\w-]{10,}|xapp-[\w-]{10,}|(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[\w-]{30,}|ya29\.[\w.-]{20,}|"
    r"1//0[\w-]{20,}|GOCSPX-[\w-]{16,}|gl(?:pat|ptt|dt|rt|cbt)-[\w-]{16,}|[spr]k_(?:live|test)_\w{10,}|sk-[\w-]{20,}|whsec_\w{16,}|"
    r"SG\.[\w-]{16,}\.[\w-]{16,}|npm_\w{30,}|pypi-[\w-]{16,}|do[opr]_v1_\w{30,}|hf_\w{30,}|shp(?:at|ca|pa|ss)_\w{20,}|hv[sbr]\.[\w-]{20,}|"
    r"AT[AC]TT3x[\w=-]{20,}|dapi[0-9a-f]{32}|lin_api_\w{20,}|AGE-SECRET-KEY-1\w{20,}|EwB[\w+/=-]{60,}|M\.[RC]\d{1,3}_\w{2,4}\.[\w.!*$-]{10,}|"
    r"AQAB[\w-]{60,}|PMAK-[\w-]{20,}|sq0\w{3}-[\w-]{20,}|r8_\w{30,}|tfp_\w{20,}|NRAK-\w{20,}|00[\w-]{40}(?![\w-])|"
    r"[01]\.A[\w-]{10,}\.[\w-]{40,}|OA[QR]A[\w-]{40,}"
)
_HASHES = (
    r"\$(?:2[abxy]|argon2\w{0,2}|[156y]|scrypt|pbkdf2[\w-]{0,10}|krb5\w{2,8}|DCC2|apr1)\$[^\s\"'<>,;]{12,}|\{S?(?:SHA|MD5)(?:\d{3})?\}[\w+/=]{16,}|"
    r"\b[0-9a-fA-F]{32}:[0-9a-fA-F]{32}\b"
)

_PLAIN: Final = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?s)()-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY.*?(?:-----END [A-Z0-9 ]{0,30}PRIVATE KEY[A-Z -]{0,20}|\Z)",
        r"(?s)(Private-Lines: \d{1,4}\s).{1,8000}?(?=Private-MAC|\Z)",
        r"()eyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*){0,4}",
        rf"(?i)(\b(?:{_SCHEMES})(?:\s|%20|\+|\\t){{1,4}})(?:(?=[^\s\"']{{0,200}}[0-9=._~+/-])[A-Za-z0-9._~+/=-]{{8,}}|[A-Za-z0-9._~+/=-]{{24,}})",
        r"(?i)(\b(?:set-cookie2?|cookie|(?:proxy-)?authorization|x-api-key|x-auth-token)\\?[\"']?\s{0,4}[:=]\s{0,4}\\?[\"']?)[^\s\r\n\"\\][^\r\n\"\\]*",
        rf"(?i)((?:[?&#;]|{_PERCENT}(?:3[Ff]|26|23)|\\u0026)(?:{_QUERY})(?:=|{_PERCENT}3[Dd]|\\u003[Dd]))(?!\[masked\]){_VALUE}",
        r"(?i)(\b[a-z][a-z0-9+.-]{1,30}://[^/\s:@\"']{0,200}:)[^/\s@\"']{1,200}(?=@)",
        rf"(?i)(https?(?:://|{_PERCENT}3A{_PERCENT}2F{_PERCENT}2F)(?:{_HOOKS})/)[^\s\"'<>\\]{{8,}}",
        rf"(?i)(/(?:{_OPENING})/)(?=[^/\s\"'?&#<>\\]{{0,100}}[0-9_-])[\w.~=+%-]{{14,}}",
        r"(?i)(/api/webhooks/|/services/[TB]\w{6,}/|/bot)\d{6,}[/:][\w-]{16,}",
        (
            rf"(?i)(\b{_CODES} (?:code|pin|otp|password|passcode)s?(?: (?:is|was|are|for [\w ]{{1,40}} is))?"
            rf"\s?[:=-]?\s?)(?=\S{{0,40}}\d)[\w!@#$%^&*+-]{{4,40}}"
        ),
        r"(?i)(\b(?:password|passcode|passphrase|pwd|secret) (?:is|was|(?:has been |changed |set )+to)\s?:?\s?)[^\s\"',;]{4,200}",
        r"(?i)(\b(?:code|otp|pin|passcode) (?:is|was)\s?:?\s?)\d{4,10}\b",
        r"(?i)()\b\d{4,10}\b(?= is your\b)",
        r"()\bG-\d{6}\b",
        r"(?i)(ConvertTo-SecureString\s{1,4}(?:-(?:String|AsPlainText|Force)\s{1,4}){0,3})(?!-)(?:\\?\"[^\"\\]{1,4000}|'[^']{1,4000}'|[^\s)$(\"'|]{1,4000})",
        r"(?i)()(?:\"[^\"]{1,400}\"|'[^']{1,400}'|[^\s\"']{1,400})(?=\s{0,4}\|\s{0,4}ConvertTo-SecureString)",
        r"(?i)((?:Network|PS)Credential\]?(?:::new)?\s{0,4}\(?\s{0,4}(?:-ArgumentList\s)?\(?\s{0,2}\\?[\"']?[^\"',\\]{0,200}\\?[\"']?\s{0,4},\s{0,4}\\?[\"'])[^\"'\\]{1,400}",
        r"(?i)(\bnet1?(?:\.exe)?\s{1,4}user\s{1,4}(?:\"[^\"]{1,80}\"|[^\s\"/]{1,80})\s{1,4})(?!/)(?:\"[^\"]{1,400}\"|[^\s\"/][^\s\"]{0,400})",
        r"(?i)(\bnet1?(?:\.exe)?\s{1,4}use\s[^|\r\n]{0,300}/u(?:ser)?:\S{1,100}\s{1,4})(?!/)[^\s\"/][^\s\"]{0,400}",
        r"(?i)(\b(?:curl|wget|http)\b[^|\r\n]{0,300}\s(?:-u|--user)[ =]?\\?[\"']?[^\s:\"']{1,100}:)[^\s\"'\\]{1,400}",
        (
            r"(?i)(\b(?:sshpass|psexec\w*|plink|pscp|sqlcmd|az|docker|mysql\w*|mariadb|ftp|cmdkey|wmic|runas|bcp|openssl|7z|zip|unzip)(?:\.exe)?\b"
            r"[^|\r\n]{0,300}?\s[-/]p(?:w|ass)?[ :=]?)(?!ort|ath|rofile|aram|lain)[^\s\"'-][^\s\"']{2,400}"
        ),
        r"()(?<![A-Za-z0-9])[A-Za-z0-9_~.-]{3}[78]Q~[A-Za-z0-9_~.-]{31,34}",
        rf"()(?<![A-Za-z0-9_-])(?:{_PROVIDERS})",
        rf"()(?:{_HASHES})",
        r"()(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{86}==",
        r"(?i)(otpauth://[^\s\"'?]{1,200}\?)[^\s\"'<>]+",
    )
)
"""What looks like a secret by itself. The first group is what stays in front of it."""

_CODED = re.compile(r"(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_-]{16,}={0,2}")
_MOST_CODED = 1 << 20
_MOST_LAYERS = 3


def _write_hints() -> tuple[str, ...]:
    between = r"[\\\"' %25&quot;\]]*"
    quote = r"\\*[\"']"
    return (
        write_name_expression(rf"{between}(?:[:=>]|{_PERCENT}3[AaDd])"),
        rf"(?i:{quote}(?:name|key|n|displayname|propertyname){quote}\s*:\s*\\*(?:[\"'][^\"'\\]*)?)"
        + write_name_expression(quote),
        (
            r"(?i:\b(?:name|key|id)\s?=\s?\\*[\"'][\w.:-])"
            r"|(?i:[\s\"'(,;\\]--?[A-Za-z][\w-]+\s)"
            r"|\\u00[2-7]|PRIVATE KEY|Private-Lines|eyJ|(?i:securestring|networkcredential|pscredential|otpauth)"
            rf"|(?i:\b(?:{_SCHEMES})(?:[\s\\+]|%20))"
            r"|(?i:cookie|authorization\b|x-api-key|x-auth-token)[\s\\\"']*[:=]"
            r"|(?i:\bnet1?(?:\.exe)?\s+use|\b(?:curl|wget|http)\b[^|\"]*\s-{1,2}u)|(?i:\s[-/]p(?:w|ass)?[ :=]?[^\s\"'-])"
        ),
        (
            rf"(?i:(?:[?&#;]|{_PERCENT}(?:3F|26|23))(?:{_QUERY})(?:=|{_PERCENT}3D))"
            r"|(?i:://[^/\s:@\"']*:[^/\s@\"']+@)"
        ),
        LINK_NAME
        + quote
        + r"|(?i:hooks?\.|discord|telegram\.org|chat\.googleapis|ifttt|logic\.azure|powerplatform|pagerduty|pipedream)"
        rf"|(?i:/(?:{_OPENING})/[\w~=+%-][\w~=+%-])|/bot\d|(?i:/api/webhooks|/services/[TB])",
        (
            r"(?i:(?:code|pin|otp|password|passcode|passphrase|pwd|secret)s?"
            r"(?: (?:is|was|are|for|has|changed|set)|\s?[:=-]| \w*\d))"
            r"|(?i:\d is your)|G-\d{6}"
        ),
        (
            r"[78]Q~|gh[oprsu]_|github_pat_|xox[a-z]-|xapp-|A[KS]IA[A-Z0-9]{4}|AIza|ya29\.|1//0|GOCSPX|gl(?:pat|ptt|dt|rt|cbt)-|"
            r"[spr]k_(?:live|test)|\bsk-|whsec_|SG\.|npm_|pypi-|do[opr]_v1|hf_|shp\w\w_|hv[sbr]\.|TT3x|dapi|lin_api_|AGE-SECRET|"
            r"EwB|M\.[RC]\d|AQAB|PMAK|sq0|r8_|tfp_|NRAK|[01]\.A|OA[QR]A|H4sI"
            r"|\$(?:2[abxy]|argon2|[156y]\$|scrypt|pbkdf2|krb5|DCC2|apr1)|\{S?(?:SHA|MD5)|[0-9a-fA-F]{8}:[0-9a-fA-F]{8}|[A-Za-z0-9+/]=="
        ),
        r"(?:^|[^\w-])00\w[\w-]{39}(?:$|[^\w-])",
        # Base64 of printable text, of which some groups are looked at, and of such text in UTF-16.
        (
            r"(?:[I-Za-f][A-HQ-Xg-nw-z0-3][ABEFIJMNQRUVYZcdghklopstwx014589][A-Za-z0-9+/_-]){4}"
            r"|(?:[I-Za-f][AQgw][A-D][A-Za-z0-9+/_-]A[A-P][A-Za-z0-9+/_-]A){2}"
        ),
    )


HINTS: Final = _write_hints()
"""Expressions of RE2 for bytes: a text in which none finds anything holds no secret that is masked.

They are several, because the states of one for all would not fit into memory.
"""


def _compile_hints() -> list[re2._Regexp]:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.max_mem = 32 << 20
    return [re2.compile(hint.encode(), options) for hint in HINTS]


_hints: Final = _compile_hints()


def may_hold_secret(text: str) -> bool:
    """Return whether a text is worth looking at for secrets."""
    content = text.encode("utf-8", "surrogatepass")
    return any(hint.search(content) is not None for hint in _hints)


def is_harmless(value: str) -> bool:
    """Return whether a value is no secret, whatever its name is."""
    return _HARMLESS.fullmatch(value) is not None


def mask_patterns(text: str) -> str:
    """Return a text with everything masked in it that looks like a secret, by its name or by itself."""
    return _mask_short(text) if len(text) <= LONGEST_NAME else _mask_text(text, _MOST_LAYERS)


@lru_cache(65_536)
def _mask_short(text: str) -> str:
    return _mask_text(text, _MOST_LAYERS)


def _mask_text(text: str, layers: int) -> str:
    if len(text) < 4 or not may_hold_secret(text):
        return text
    for pattern in _PLAIN:
        text = pattern.sub(lambda match: match[1] + MASK, text)
    text = _mask_labels(text)
    for named in _NAMED:
        text = named.sub(_mask_value, text)
    return text if layers == 0 else _CODED.sub(lambda match: _mask_coded(match, layers), text)


def _mask_labels(text: str) -> str:
    parts, at = list[str](), 0
    for label in _LABEL.finditer(text):
        if label.start() < at:
            continue
        before = _CODED_BEFORE.get(text[label.start() - 1 : label.start()])
        if not is_secret_name(label[1] if before is None else before.sub("", label[1])):
            continue
        value = _LABELLED.match(text, label.end())
        if value is not None and not _is_kept(value[2] or value[3]):
            parts += [text[at : label.end()], value[1] or "", MASK]
            at = value.end()
    return "".join((*parts, text[at:]))


def _mask_value(match: re.Match[str]) -> str:
    return match[0] if not is_secret_name(match[2]) or _is_kept(match[3].strip("\"'")) else match[1] + MASK


def _is_kept(value: str) -> bool:
    return value.startswith(MASK) or is_harmless(value.strip())


_NAMED: Final = (_SWITCH, _ELEMENT, _ATTRIBUTE)


def _mask_coded(match: re.Match[str], layers: int) -> str:
    """Return the mask for Base64 of a text that holds a secret, and anything else as it is."""
    found = match[0]
    if len(found) > _MOST_CODED:
        return found
    inner = _decode(found)
    return found if inner is None or _mask_text(inner, layers - 1) == inner else MASK


def _decode(coded: str) -> str | None:
    """Return the text of which this is the Base64, None for bytes that are no printable text."""
    try:
        body = coded.rstrip("=").translate(_URL_SAFE)
        content = base64.b64decode(body + "=" * (-len(body) % 4))
        if content[:2] == b"\x1f\x8b":
            content = zlib.decompressobj(31).decompress(content, _MOST_CODED)
        text = content.decode("utf-16-le" if content[1::2].count(0) > len(content) // 3 else "utf-8")
    except (binascii.Error, ValueError, zlib.error):
        return None
    return text if all(letter.isprintable() or letter in "\r\n\t" for letter in text) else None


_URL_SAFE: Final = str.maketrans("-_", "+/")
