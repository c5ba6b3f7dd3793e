"""Programs of people and attackers, and the texts by which logs show them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from seawall.lab.worlds.first_party import EXCHANGE, GRAPH
from seawall.lab.worlds.seeded_random import SeededRandom


@dataclass(slots=True)
class LabSession:
    """One authentication and the tokens issued under it. `tokens` are (issue time, unique token id)."""

    id: str
    born: float
    client_address: str
    method: str
    tokens: list[tuple[float, str]] = field(default_factory=list)
    ended: float = 0.0


@dataclass(slots=True)
class LabClient:
    """A program on a device, as one account uses it.

    `style` is how logs record its mail access: mapi, owa, rest, mobile, activesync, imap, ews, graph, or none. `agent`
    returns the user agent for a week number, so that versions increase.
    """

    family: str
    style: str
    app: str
    resource: str
    agent: Callable[[int], str]
    info: Callable[[int], str]
    used: str
    system: str = ""
    browser: Callable[[int], str] | None = None
    device: str = ""
    token_hours: float = 1.1
    session_days: float = 30.0
    protocol: str = "none"
    first_day: int = -10_000
    last_day: int = 10_000
    sessions: list[LabSession] = field(default_factory=list)
    name: str = ""

    def session_at(self, time: float) -> LabSession | None:
        """Return the newest session that began by a time and had not ended then, None if there is none."""
        for session in reversed(self.sessions):
            if session.born <= time and (not session.ended or session.ended > time):
                return session
        return None

    def twin(self) -> LabClient:
        """Return a copy of the program with equal texts and without sessions."""
        return LabClient(
            self.family,
            self.style,
            self.app,
            self.resource,
            self.agent,
            self.info,
            self.used,
            self.system,
            self.browser,
            self.device,
            self.token_hours,
            self.session_days,
            self.protocol,
            name=self.name,
        )


def _constant(text: str) -> Callable[[int], str]:
    return lambda _week: text


_SYSTEMS = {
    "windows": ("Windows NT 10.0; Win64; x64", "Windows10"),
    "windows11": ("Windows NT 10.0; Win64; x64", "Windows11"),
    "mac": ("Macintosh; Intel Mac OS X 10_15_7", "MacOs"),
    "linux": ("X11; Linux x86_64", "Linux"),
    "iphone": ("iPhone; CPU iPhone OS 17_5 like Mac OS X", "Ios 17.5"),
    "android": ("Linux; Android 14; Pixel 8", "Android 14"),
}


def browser_client(
    kind: str,
    system: str,
    dice: SeededRandom,
    app: str | None = None,
    style: str = "owa",
    resource: str = EXCHANGE,
) -> LabClient:
    """Return a browser (chrome, edge, firefox, safari) on a system, reading mail in Outlook on the web."""
    about, shown = _SYSTEMS[system]
    start, lag = 118 + dice.below(14), dice.below(3)

    def version(week: int) -> int:
        return start + max(0, week - lag) // 4

    def agent(week: int) -> str:
        number = version(week)
        if kind == "firefox":
            return f"Mozilla/5.0 ({about}; rv:{number}.0) Gecko/20100101 Firefox/{number}.0"
        if kind == "safari":
            return (
                f"Mozilla/5.0 ({about}) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.{number % 7}"
                " Safari/605.1.15"
            )
        tail = f" Edg/{number}.0.0.0" if kind == "edge" else ""
        return (
            f"Mozilla/5.0 ({about}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{number}.0.0.0"
            f" Safari/537.36{tail}"
        )

    name = kind.capitalize()
    return LabClient(
        kind,
        style,
        app or dice.pick_weighted([(EXCHANGE, 0.5), ("9199bf20-a13f-4107-85dc-02114787ef48", 0.5)]),
        resource,
        agent,
        lambda week: f"Client=OWA;{agent(week)};",
        "Browser",
        shown,
        lambda week: f"{name} {version(week)}.0.0" if kind != "safari" else "Safari 17.4",
        session_days=dice.pick((0.5, 1.0, 3.0, 7.0, 20.0)),
        token_hours=dice.between(1.0, 24.0),
    )


def outlook_desktop(system: str, dice: SeededRandom) -> LabClient:
    """Return Outlook for Windows or the Mac."""
    build, lag = 16000 + dice.below(1800), dice.below(5)
    app = "d3590ed6-52b3-4102-aeff-aad2292ab01c"
    if system == "mac":
        minor = 70 + dice.below(14)
        return LabClient(
            "outlook-mac",
            "ews",
            app,
            EXCHANGE,
            _constant(
                f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 MacOutlook/16.{minor}"
            ),
            lambda week: (
                f"Client=WebServices;MacOutlook/16.{minor + (week + lag) // 5}.24021116 (Intelx64 Mac OS X Version 14.4);"
            ),
            "Mobile Apps and Desktop clients",
            "MacOs",
            token_hours=dice.between(1.0, 26.0),
            device=dice.guid(),
        )
    agent = dice.pick_weighted(
        [
            (
                _constant(
                    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; WebView/3.0) AppleWebKit/537.36 (KHTML, like Gecko)"
                    " Chrome/70.0.3538.102 Safari/537.36 Edge/18.19045"
                ),
                0.6,
            ),
            (
                lambda week: (
                    f"Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.{build + 40 * ((week + lag) // 4)}; Pro)"
                ),
                0.4,
            ),
        ]
    )
    return LabClient(
        "outlook",
        "mapi",
        app,
        EXCHANGE,
        agent,
        lambda week: f"16.0.{build + 40 * ((week + lag) // 4)}.20{lag}12",
        "Mobile Apps and Desktop clients",
        "Windows10" if system == "windows" else "Windows11",
        token_hours=dice.between(1.0, 28.0),
        device=dice.guid(),
        session_days=dice.between(14, 90),
    )


def outlook_mobile(system: str, dice: SeededRandom) -> LabClient:
    """Return Outlook on a phone."""
    about = "iOS" if system == "iphone" else "Android"
    return LabClient(
        "outlook-mobile",
        "mobile",
        "27922004-5251-4030-b22d-91ecd9a37ea4",
        EXCHANGE,
        _constant(
            f"Mozilla/5.0 ({_SYSTEMS[system][0]}) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 PKeyAuth/1.0"
            if system == "iphone"
            else f"Mozilla/5.0 ({_SYSTEMS[system][0]}; wv) PKeyAuth/1.0"
        ),
        _constant(f"Client=OutlookService;Outlook-{about}/2.0;"),
        "Mobile Apps and Desktop clients",
        _SYSTEMS[system][1],
        token_hours=dice.between(1.0, 28.0),
        device=dice.guid(),
        session_days=dice.between(30, 200),
    )


def apple_mail(dice: SeededRandom) -> LabClient:
    """Return the iPhone's own Mail over ActiveSync."""
    model, build, minor = (
        f"iPhone{13 + dice.below(4)}C{1 + dice.below(5)}",
        2004 + dice.below(120),
        dice.count(10, 99),
    )
    return LabClient(
        "apple-mail",
        "activesync",
        "f8d98a96-0999-43f5-8af3-69971c7bb423",
        EXCHANGE,
        _constant(
            f"Mozilla/5.0 ({_SYSTEMS['iphone'][0]}) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
        ),
        lambda week: (
            f"Client=ActiveSync;UserAgent=Apple-{model}/{build + week // 6}.{minor};"
            "Action=/Microsoft-Server-ActiveSync/Proxy/default.eas"
        ),
        "Mobile Apps and Desktop clients",
        "Ios 17.5",
        session_days=dice.between(60, 300),
        token_hours=dice.between(1.0, 24.0),
    )


def thunderbird(system: str, dice: SeededRandom) -> LabClient:
    """Return Thunderbird over IMAP."""
    return LabClient(
        "thunderbird",
        "imap",
        "9e5f94bc-e8a4-4e73-b8be-63364c29d753",
        EXCHANGE,
        _constant(
            f"Mozilla/5.0 ({_SYSTEMS[system][0]}; rv:115.0) Gecko/20100101 Thunderbird/115.{dice.below(12)}.0"
        ),
        _constant("Client=POP3/IMAP4;Protocol=IMAP4"),
        "Mobile Apps and Desktop clients",
        _SYSTEMS[system][1],
        session_days=dice.between(20, 90),
        token_hours=1.2,
    )


def legacy_imap(dice: SeededRandom, kind: str = "IMAP4") -> LabClient:
    """Return an IMAP or POP program with a password only: scanners, old phones, sync tools."""
    return LabClient(
        "legacy-" + kind[:3].lower(),
        "imap",
        EXCHANGE,
        EXCHANGE,
        _constant(dice.pick(("", "BAV2ROPC", "CBAInPROD"))),
        _constant(f"Client=POP3/IMAP4;Protocol={kind}"),
        "IMAP4" if kind == "IMAP4" else "POP3",
        "",
        session_days=0.2,
        protocol="ropc",
    )


_SCRIPTS = (
    ("python", ("python-requests/2.{}.0", 25, 8)),
    ("python", ("Python/3.{} aiohttp/3.9.1", 9, 4)),
    ("powershell", ("Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.2262{}", 0, 9)),
    ("go-http", ("Go-http-client/{}.1", 1, 2)),
    ("curl", ("curl/8.{}.0", 1, 9)),
    ("node", ("axios/1.{}.2", 3, 5)),
)


def script(dice: SeededRandom, app: str, kind: str | None = None, style: str = "graph") -> LabClient:
    """Return a script that calls Graph, REST or EWS with the owner's own token."""
    family, (text, low, spread) = dice.pick([s for s in _SCRIPTS if kind in (None, s[0])])
    agent = text.format(low + dice.below(spread))
    info = {
        "graph": dice.pick(("Client=REST;Client=RESTSystem;;", "Client=REST;;")),
        "owa": "Client=OWA;Action=ViaProxy",
        "ews": f"Client=WebServices;{agent};",
    }.get(style, "Client=REST;;")
    return LabClient(
        family,
        style,
        app,
        EXCHANGE if style != "graph" else GRAPH,
        _constant(agent),
        _constant(info),
        "Mobile Apps and Desktop clients",
        "",
        session_days=dice.between(0.3, 20),
        token_hours=1.2,
    )


def teams(system: str, dice: SeededRandom) -> LabClient:
    """Return Teams on a desktop; it reads a little mail through the back end."""
    return LabClient(
        "teams",
        "rest",
        "1fec8e78-bce4-4aaf-ab1b-5451cc387264",
        "cc15fd57-2c6c-4117-a88c-83b1d56b4bbe",
        _constant(
            f"Mozilla/5.0 ({_SYSTEMS[system][0]}) AppleWebKit/537.36 (KHTML, like Gecko) "
            f"Teams/24004.{dice.below(3000)} Safari/537.36"
        ),
        _constant("Client=REST;Client=RESTSystem;;"),
        "Mobile Apps and Desktop clients",
        _SYSTEMS[system][1],
        device=dice.guid(),
        session_days=dice.between(14, 90),
        token_hours=dice.between(1.0, 26.0),
    )


def admin_shell(dice: SeededRandom) -> LabClient:
    """Return the Exchange Online shell."""
    return LabClient(
        "powershell",
        "none",
        "fb78d390-0c51-40cd-8e17-fdbfab77341b",
        EXCHANGE,
        _constant(
            f"Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.{19041 + dice.below(4000)}"
        ),
        _constant("Client=PowerShell"),
        "Mobile Apps and Desktop clients",
        "Windows10",
        session_days=0.3,
    )
