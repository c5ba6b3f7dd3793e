"""The systems that an organisation runs, and how their logs are collected, drawn from separate random numbers."""

from __future__ import annotations

from dataclasses import dataclass

from seawall.lab.worlds.seeded_random import SeededRandom

CHOICES = ("microsoft", "google", "okta", "mixed")
"""`google`: Google Workspace with its own sign-in. `okta`: the identity provider's log alone.

`mixed`: Okta in front of Google Workspace or Microsoft 365, with the logs of both.
"""

BUSINESS_APPLICATIONS = (
    "Slack",
    "Salesforce.com",
    "Zoom",
    "Atlassian Cloud",
    "GitHub Enterprise Cloud",
    "Workday",
    "ServiceNow",
    "Box",
    "DocuSign",
    "AWS Account Federation",
    "Expensify",
    "Zendesk",
    "HubSpot",
    "Miro",
    "Figma",
)
_MAIL_APPLICATION = {"google": "Google Workspace", "microsoft": "Microsoft Office 365"}


@dataclass(slots=True)
class LabSystems:
    """The systems of one organisation. `collected` are those with logs. `suite` hosts its mail.

    `google_shape` is pages or jsonl, `okta_shape` array or jsonl; a file has `hours` hours. `mail_log`: Gmail's own log is
    exported too. `sso_share` is the chance that a reader of mail also opens one of `applications` (name, id) through Okta.
    `domain` is the domain of the Okta organisation.
    """

    collected: tuple[str, ...] = ("microsoft",)
    suite: str = "microsoft"
    google_shape: str = "jsonl"
    okta_shape: str = "array"
    hours: int = 24
    mail_log: bool = True
    sso_share: float = 0.2
    step_up_share: float = 0.1
    push_share: float = 0.7
    applications: tuple[tuple[str, str], ...] = ()
    domain: str = ""

    @property
    def is_federated(self) -> bool:
        """Return whether people sign in at Okta, on which the suite relies."""
        return "okta" in self.collected

    @property
    def only_microsoft(self) -> bool:
        """Return whether there is only Microsoft 365."""
        return self.collected == ("microsoft",)


def draw_systems(choice: str, domain: str, dice: SeededRandom) -> LabSystems:
    """Draw the systems of an organisation for one of `CHOICES`."""
    if choice == "microsoft":
        return LabSystems()
    suite = "google" if choice == "google" else dice.pick(("google", "microsoft"))
    collected = {"google": ("google",), "okta": ("okta",), "mixed": ("okta", suite)}[choice]
    names = (_MAIL_APPLICATION[suite], *dice.sample(BUSINESS_APPLICATIONS, 3 + dice.below(8)))
    return LabSystems(
        collected,
        suite,
        google_shape=dice.pick(("pages", "jsonl")),
        okta_shape=dice.pick(("array", "jsonl")),
        hours=dice.pick((1, 6, 24, 24)),
        mail_log=dice.chance(0.75),
        sso_share=dice.log_between(0.05, 0.5),
        step_up_share=dice.between(0.0, 0.3),
        push_share=dice.between(0.4, 0.95),
        applications=tuple((name, "0oa" + okta_id(dice)) for name in names),
        domain=f"{domain.split('.')[0]}.okta.com",
    )


def okta_id(dice: SeededRandom) -> str:
    """Return the last 17 characters of an Okta object's id."""
    return dice.token(24).replace("-", "x").replace("_", "y")[:17]
