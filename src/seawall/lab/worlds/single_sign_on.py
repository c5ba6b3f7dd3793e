"""Simulate single sign-on: behind Okta, readers of mail also open other applications in the same session."""

from __future__ import annotations

from seawall.lab.worlds.acts import Act, ActivityLog
from seawall.lab.worlds.seeded_random import SeededRandom

_BY_PROGRAM = ("imap", "rest", "graph", "none")
"""Styles of clients that reach mail with tokens alone and never visit Okta's pages."""


def open_applications(diary: ActivityLog, dice: SeededRandom) -> None:
    """Add openings of applications along with the reading of mail, by owners and attackers.

    Only sessions that began at Okta open applications: a forged session opens none.
    """
    systems = diary.tenant.systems
    began = {
        act.session: act.time
        for act in reversed(diary.acts)
        if act.kind == "sign_in" and not act.details["error"] and act.details["interactive"]
    }
    opened = []
    for act in diary.acts:
        client = act.client
        if act.kind != "read" or client is None or client.family == "app" or client.style in _BY_PROGRAM:
            continue
        if act.time < began.get(act.session, float("inf")) or not dice.chance(systems.sso_share):
            continue
        opened.append(
            Act(
                act.time + dice.between(2, 900),
                "sso",
                "Open application.",
                act.who,
                client,
                act.client_address,
                act.session,
                attack=act.attack,
                details={"application": dice.pick(systems.applications)},
            )
        )
    diary.acts += opened
