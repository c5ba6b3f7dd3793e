"""Name the public incidents that policies are measured against."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PublicIncident:
    """Name an incident, its time, and the way in."""

    name: str
    when: str
    way_in: str


INCIDENTS: dict[str, PublicIncident] = {
    "storm-0558": PublicIncident(
        "Storm-0558", "May to June 2023", "access tokens forged with a stolen signing key"
    ),
    "okta-support": PublicIncident(
        "Okta's support system", "September to October 2023", "session cookies in uploaded HAR files"
    ),
    "citrix-bleed": PublicIncident(
        "CitrixBleed", "from August 2023", "session tokens leaked from gateway memory"
    ),
    "midnight-blizzard": PublicIncident(
        "Midnight Blizzard at Microsoft",
        "November 2023 to January 2024",
        "a sprayed password, then an old application that could read every mailbox",
    ),
    "unc5537": PublicIncident(
        "UNC5537 at Snowflake customers", "April to June 2024", "stolen passwords without a second factor"
    ),
    "storm-2372": PublicIncident("Storm-2372", "August 2024 to February 2025", "device code phishing"),
    "uta0352": PublicIncident(
        "UTA0352 and UTA0355",
        "March to April 2025",
        "authorisation codes of developer tools, sent back by the victim",
    ),
    "commvault": PublicIncident(
        "Commvault Metallic", "early 2025", "client secrets of customers' backup applications"
    ),
    "actor-tokens": PublicIncident(
        "CVE-2025-55241, actor tokens",
        "fixed July 2025",
        "service tokens that any tenant accepted; no known abuse",
    ),
    "salesloft-drift": PublicIncident(
        "Salesloft Drift (UNC6395)",
        "August 2025",
        "OAuth tokens of one vendor's integration, in hundreds of tenants",
    ),
    "consentfix": PublicIncident(
        "ConsentFix", "from December 2025", "authorisation codes of Azure CLI, pasted by the victim"
    ),
    "eviltokens": PublicIncident("EvilTokens", "from February 2026", "device code phishing as a service"),
    "tycoon-2fa": PublicIncident(
        "Tycoon 2FA", "August 2023 to March 2026", "phishing sites that relay the sign-in (AiTM)"
    ),
    "code-of-conduct": PublicIncident(
        '"Code of conduct" phishing', "April 2026", "phishing sites that relay the sign-in (AiTM)"
    ),
    "context-ai": PublicIncident(
        "Context.ai and Vercel", "February to April 2026", "an old Google OAuth grant with all scopes"
    ),
}
"""Public incidents by the key that policies use."""
