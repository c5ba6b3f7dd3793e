"""Reduce user agents, `ClientInfoString` and application ids to one client name: `family/protocol`.

One person's Outlook should be one client in sign-ins and mail records, whatever its version and whichever of its strings a
record contains. Therefore:

1. A family with many protocols gets one fixed protocol: Outlook is `outlook/mapi`, also over EWS and REST.
2. Outlook on the web states the browser in some records only. With a browser it is `chrome/browser`, otherwise null,
  because no client is better than a wrong second one.
3. `Client=REST;Client=RESTSystem;;` is Exchange itself and no client: null. Enrichment names it `exchange/rest` where it
  comes from another network than the provider's.
4. A script's user agent takes precedence over the application id, which any program can use.

Versions, builds, devices and languages are dropped; `user_agent` has the raw text.
"""

from __future__ import annotations

import re
from typing import Any

import re2

_BROWSERS = frozenset({"chrome", "edge", "firefox", "safari", "opera", "samsung", "internet-explorer"})
_FIXED_PROTOCOL = {
    "outlook": "mapi",
    "outlook-mobile": "rest",
    "teams": "rest",
    "office": "rest",
    "onedrive": "rest",
    "apple-mail": "activesync",
    "thunderbird": "imap",
    "graph-sdk": "graph",
} | dict.fromkeys(_BROWSERS, "browser")

# The first match counts: scripts come before libraries that they imitate, products before the browsers that they embed.
_FAMILIES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (family, re.compile(pattern, re.IGNORECASE))
    for family, pattern in (
        ("aadinternals", r"aadinternals"),
        ("azurehound", r"azurehound|bloodhound"),
        ("python", r"python|aiohttp|httpx/|urllib|\brequests/"),
        ("powershell", r"powershell|\bpwsh\b|microsoft\.exchange\.management|exo-?v[23]|remote ?ps\b"),
        ("curl", r"\bcurl/|libcurl"),
        ("go-http", r"go-http-client"),
        ("node", r"\bnode(?:-fetch|\.js|js)?\b|axios|undici|got \("),
        ("okhttp", r"okhttp"),
        ("java", r"\bjava/|apache-httpclient|jakarta"),
        ("postman", r"postmanruntime"),
        ("ruby", r"\bruby\b|faraday"),
        ("azure-cli", r"azure-?cli|azsdk-python"),
        (
            "outlook-mobile",
            r"outlook-?(?:ios|android)|outlook/[\d.]+ .*(?:ios|android)|com\.microsoft\.office\.outlook",
        ),
        ("teams", r"\bteams/|microsoft ?teams|skypespaces"),
        ("outlook", r"microsoft outlook|\boutlook\b|msexchangerpc|mapi ?http|ms-?outlook"),
        ("onedrive", r"onedrive|skydrivesync"),
        ("office", r"microsoft office|\bmsoffice\b|office/1[0-9]"),
        ("thunderbird", r"thunderbird"),
        (
            "apple-mail",
            r"\bapple-(?:iphone|ipad|ipod|mac)|iphonemail|\bmac ?os ?x/.*exchange|accountsd|\bmail/\d",
        ),
        ("android-mail", r"android-?mail|android/.*-eas|samsung.*(?:eas|email)|android-sams"),
        ("graph-sdk", r"graph-?(?:python|dotnet|java|go|js|rest)|sdkversion|graph client library|kiota"),
        ("edge", r"\bedg(?:e|a|ios)?/"),
        ("opera", r"\bopr/|\bopera\b"),
        ("samsung", r"samsungbrowser"),
        ("firefox", r"firefox/|fxios/"),
        ("chrome", r"chrome/|crios/|chromium"),
        ("internet-explorer", r"trident/|msie "),
        ("safari", r"safari/|version/[\d.]+ .*applewebkit"),
    )
)
_BROWSER_NAMES = {
    "chrome": "chrome", "chrome mobile": "chrome", "edge": "edge", "firefox": "firefox", "safari": "safari",
    "mobile safari": "safari", "opera": "opera", "ie": "internet-explorer",
    "internet explorer": "internet-explorer",
}  # fmt: skip

# What a native application shows while its holder signs in: a broker or an embedded browser, not a browser
# of its own.
_EMBEDDED = re.compile(
    r"webview|edge/1\d\.|msal|adal|windows-azuread|azure-activedirectory|msie 7\.0|; wv\)|broker|\bdalvik",
    re.IGNORECASE,
)
_SCRIPTS = frozenset({
    "aadinternals", "azurehound", "python", "powershell", "curl", "go-http", "node", "okhttp", "java", "postman", "ruby",
    "azure-cli",
})  # fmt: skip

_APPLICATIONS = {
    "d3590ed6-52b3-4102-aeff-aad2292ab01c": "outlook",  # Microsoft Office desktop
    "5d661950-3475-41cd-a2c3-d671a3162bc1": "outlook",  # new Outlook for Windows
    "27922004-5251-4030-b22d-91ecd9a37ea4": "outlook-mobile",
    "1fec8e78-bce4-4aaf-ab1b-5451cc387264": "teams",
    "ab9b8c07-8f02-4f72-87fa-80105867a763": "onedrive",
    "f8d98a96-0999-43f5-8af3-69971c7bb423": "apple-mail",  # Apple Internet Accounts
    "9e5f94bc-e8a4-4e73-b8be-63364c29d753": "thunderbird",
    "1b730954-1685-4b74-9bfd-dac224a7b894": "powershell",
    "14d82eec-204b-4c2f-b7e8-296a70dab67e": "powershell",
    "a0c73c16-a7e3-4564-9a95-2bdf47383716": "powershell",
    "fb78d390-0c51-40cd-8e17-fdbfab77341b": "powershell",
    "04b07795-8ddb-461a-bbee-02f9e1bf7b46": "azure-cli",
}
_PROTOCOLS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (protocol, re.compile(pattern, re.IGNORECASE))
    for protocol, pattern in (
        ("imap", r"imap"),
        ("pop", r"\bpop3?\b|client=pop"),
        ("smtp", r"smtp"),
        ("activesync", r"active ?sync|airsync|\beas\b"),
        ("powershell", r"powershell|client=psrp|remote ?powershell"),
        ("ews", r"webservices|exchange web services|\bews\b"),
        ("mapi", r"rpc|mapi|outlook anywhere"),
        ("graph", r"graph"),
    )
)
_INFO_PARTS = re.compile(r"(?i)(?:^|;)\s*client=([^;]*)")
_INFO_NOISE = re.compile(r"(?i)\[AppId=[^\]]*\]|\+Preload|(?:^|;)\s*(?:client|action)=[^;]*|[;\s]+$")


def reduce_client(
    user_agent: str | None = None,
    client_info: str | None = None,
    process: str | None = None,
    application: str | None = None,
    browser: str | None = None,
) -> str | None:
    """Return `family/protocol`, or None if the record does not identify the client.

    `client_info` is Exchange's `ClientInfoString` or a sign-in's `clientAppUsed`. `process` is `ClientProcessName`.
    `application` is the application id in lower case, `browser` a browser's name.
    """
    embedded = info_user_agent(client_info)
    agent = (user_agent or embedded or process or "")[:1024]
    family = _family(agent) or _BROWSER_NAMES.get(re.sub(r"[\s\d.]+$", "", (browser or "").lower()))
    native = _APPLICATIONS.get(application or "")
    if native and family not in _SCRIPTS and (family is None or _EMBEDDED.search(agent)):
        family = native
    protocol = _protocol((client_info or "")[:1024])
    if family is None and "msexchangerpc" in (client_info or "").lower():
        family = "outlook"
    if family is None:
        return f"unknown-mail/{protocol}" if protocol in ("imap", "pop", "smtp", "activesync") else None
    if family in _BROWSERS and _EMBEDDED.search(agent):
        # An embedded browser of an unknown application would give everybody a second client.
        return None
    fixed = _FIXED_PROTOCOL.get(family)
    if fixed is None:
        fixed = protocol or ("powershell" if family == "powershell" else "rest")
    return f"{family}/{fixed}"


def info_user_agent(client_info: str | None) -> str | None:
    """Return the user agent inside a `ClientInfoString`, without its `Client=` parts; None if there is none."""
    if not client_info or not _INFO_PARTS.search(client_info[:64]):
        return None
    return _INFO_NOISE.sub("", client_info[:2048]).strip("; ") or None


def _build_family_set() -> Any:
    """Build one matcher for all patterns: one by one they take longer than the rest of a record."""
    options = re2.Options()
    options.case_sensitive = False
    patterns = re2.Set.SearchSet(options)
    for _, pattern in _FAMILIES:
        patterns.Add(pattern.pattern)
    patterns.Compile()
    return patterns


_FAMILY_SET = _build_family_set()


def _family(agent: str) -> str | None:
    if agent.isascii():
        found = _FAMILY_SET.Match(agent)
        return _FAMILIES[min(found)][0] if found else None
    # Letters beyond ASCII are letters of words for Python alone.
    for family, pattern in _FAMILIES:
        if pattern.search(agent):
            return family
    return None


def _protocol(info: str) -> str | None:
    for protocol, pattern in _PROTOCOLS:
        if pattern.search(info):
            return protocol
    return None
