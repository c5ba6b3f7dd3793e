"""Say what facts about sessions, consents, devices and the usual network are behind a reason."""

from __future__ import annotations

import math

from seawall.detection.ranking.candidates import ScoredCandidate
from seawall_base.plurals import plural

_FAR_MINUTES = 720


def describe_simultaneity(top: ScoredCandidate) -> str:
    """Return how close the account's use of its usual network was."""
    gap, abroad = top.values["usual_gap"], top.values["usual_gap_abroad"]
    if abroad < _FAR_MINUTES:
        text = (
            f"the usual network was used in another country within {plural(round(max(abroad, 1)), 'minute')}"
        )
    elif gap < _FAR_MINUTES:
        text = f"the usual network was in use within {plural(round(max(gap, 1)), 'minute')}"
    else:
        text = "the account was not in use on its usual network around then"
    return text


def describe_usual_network(top: ScoredCandidate) -> str:
    """Return when the account last used its usual network, and how often it changed from and to it."""
    idle = top.values.get("usual_idle", -1.0)
    switches = round(math.expm1(top.values.get("usual_switches", 0.0)))
    last = (
        "no earlier use of a usual network is known"
        if idle < 0
        else (f"the usual network was last used {_span(math.expm1(idle) * 60)} before")
    )
    return f"{last}; {plural(switches, 'change')} from or to it within an hour"


def describe_session(top: ScoredCandidate) -> str:
    """Return where and how long before the group's sessions were issued."""
    age = top.values.get("session_age", -1.0)
    if age < 0:
        return "where its session was issued is unknown"
    before = _span(math.expm1(age))
    if top.values.get("session_usual", 0.0) >= 0.5:
        place = "on a usual network of the account, to the same client"
    elif top.values.get("session_elsewhere", 0.0) >= 0.5:
        place = "on another network"
    else:
        place = "on this network"
    return f"the session was issued {place}, {before} before"


def describe_rotation(top: ScoredCandidate) -> str:
    """Return how many new networks the account began to use, and on how many one of its sessions was used."""
    networks, sessions = (
        round(math.exp(top.values.get(name, 0.0))) for name in ("new_networks_day", "session_networks")
    )
    text = f"{plural(networks, 'new network')} of the account that day"
    return f"{text}; one session was used on {sessions} networks" if sessions > 1 else text


def describe_own_consent(top: ScoredCandidate) -> str:
    """Return whether the account itself let in the application, and how many others know it."""
    age, users = top.values.get("own_consent_age", -1.0), top.values.get("consent_users", -1.0)
    text = (
        "the account is not known to have let in the application itself"
        if age < 0
        else (f"the account itself consented to the application {_span(math.expm1(age))} before")
    )
    others = round(math.expm1(max(users, 0.0)))
    return (
        text
        if users < 0
        else f"{text}; {plural(others, 'other account')} used it or consented on earlier days"
    )


def describe_managed_device(top: ScoredCandidate) -> str:
    """Return how many of the sign-ins came from a device that the directory knows."""
    share = top.values.get("device_managed", -1.0)
    if share < 0:
        return "the sign-ins state no device"
    return f"{share:.0%} of the sign-ins came from a device that the directory manages or has registered"


def _span(minutes: float) -> str:
    """Return a number of minutes in minutes, hours or days."""
    if minutes < 90:
        return plural(round(minutes), "minute")
    return plural(round(minutes / 60), "hour") if minutes < 72 * 60 else plural(round(minutes / 1440), "day")
