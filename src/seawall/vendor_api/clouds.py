"""List the hosts of vendors' clouds. Sources: "Office 365 Management Activity API reference", "National cloud deployments"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Cloud:
    """Hold the API host and the sign-in host of a cloud, as URLs without a path."""

    api: str
    login: str


_LOGIN: Final = "https://login.microsoftonline.com"
_LOGIN_US: Final = "https://login.microsoftonline.us"
MANAGEMENT: Final = {
    "world": Cloud("https://manage.office.com", _LOGIN),
    "gcc": Cloud("https://manage-gcc.office.com", _LOGIN),
    "gcc-high": Cloud("https://manage.office365.us", _LOGIN_US),
    "dod": Cloud("https://manage.protection.apps.mil", _LOGIN_US),
}
GRAPH: Final = {
    "world": Cloud("https://graph.microsoft.com", _LOGIN),
    "gcc": Cloud("https://graph.microsoft.com", _LOGIN),
    "gcc-high": Cloud("https://graph.microsoft.us", _LOGIN_US),
    "dod": Cloud("https://dod-graph.microsoft.us", _LOGIN_US),
    "china": Cloud("https://microsoftgraph.chinacloudapi.cn", "https://login.chinacloudapi.cn"),
}
GOOGLE: Final = Cloud("https://admin.googleapis.com", "https://oauth2.googleapis.com")
