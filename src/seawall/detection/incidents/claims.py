"""Choose the one sentence that an incident claims: no more than its numbers and records can show."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from seawall.detection.ranking.candidates import FieldEvidence, ScoredCandidate
from seawall_base.plurals import plural

_NEVER_ISSUED = ("tokens-never-issued", "mail-without-sign-in", "token-never-issued")
"""Patterns that say that no sign-in was found."""


def claim(top: ScoredCandidate) -> tuple[str, str, str]:
    """Return the kind, the technique id and the sentence for a candidate."""
    pattern = top.pattern
    if pattern.unlinked is not None and top.unlinked and not top.values.get("lineage.orphan"):
        return pattern.unlinked
    say = _SAYS.get(pattern.name)
    words = pattern.words if say is None else say(top)
    if top.is_refused:
        return (*_name_refusals(top), words)
    if pattern.name in _NEVER_ISSUED and _begins_with_sign_in(top):
        return (
            "account-takeover",
            "T1078.004 Cloud Accounts",
            f"{words}, after a sign-in from the same network",
        )
    return pattern.kind, pattern.technique, words


def _begins_with_sign_in(top: ScoredCandidate) -> bool:
    """Return whether the intruder's acts begin with a sign-in: whoever forges tokens needs none."""
    acts = sorted((act for act in top.story if act.is_intruders), key=lambda act: act.time)
    return bool(acts) and acts[0].act == "signed_in"


def _name_refusals(top: ScoredCandidate) -> tuple[str, str]:
    """Return the kind and the technique of attempts that gained nothing: those of the strongest rule."""
    technique = next((rule.technique for rule in top.sigma if rule.weight > 0), "") or top.pattern.technique
    return (top.pattern.kind if technique.startswith("T1110") else "refused-access"), technique


def count_nouns(values: Mapping[str, float], name: str, thing: str) -> str:
    """Return a feature ln(1 + count) as a count with its noun."""
    return plural(count_of(values, name), thing)


def count_of(values: Mapping[str, float], name: str) -> int:
    """Return the count of a feature ln(1 + count)."""
    return round(math.expm1(values[name]))


def is_known(fact: FieldEvidence | None) -> bool:
    """Return whether the account has earlier days to compare with."""
    return fact is not None and fact.active_days >= 1


def is_new(fact: FieldEvidence | None) -> bool:
    """Return whether the account has earlier days, and showed the value on none of them."""
    return fact is not None and fact.active_days >= 1 and fact.seen < 1


def _fact(top: ScoredCandidate, field: str) -> FieldEvidence | None:
    return next((fact for fact in top.facts if fact.field == field), None)


def _client(top: ScoredCandidate) -> str:
    network, client = _fact(top, "network"), _fact(top, "client")
    if top.facts and not any(map(is_known, top.facts)):
        return "is used, and no earlier day of it is known"
    if is_new(network) and is_new(client):
        return "is used from a network and by a client that are new to it"
    if is_new(network):
        return "is used from a network that is new to it"
    return "is used by a client that is new to it" if is_new(client) else "is used in an unusual way"


def _application(top: ScoredCandidate) -> str:
    app, here = _fact(top, "app"), _fact(top, "app_network")
    if app is not None and is_new(app):
        peers = " and to its peers" if app.peers and not app.accounts else ""
        return f"is used through an application that is new to it{peers}"
    if is_new(here):
        return "is used through an application from a network from which it did not use it before"
    return "is used through an application in an unusual way"


def _new_application(top: ScoredCandidate) -> str:
    app = _fact(top, "app")
    if app is not None and is_new(app):
        peers = " and to its peers" if app.peers and not app.accounts else ""
        return f"is read by an application that is new to it{peers}"
    return "is read by an application in an unusual way"


def _service(top: ScoredCandidate) -> str:
    new = [name for name in ("network", "key") if is_new(_fact(top, name))]
    if not new:
        return "acts as an application in an unusual way"
    return "acts as an application from a network that is new to it" if new == ["network"] else (
        "acts as an application with a key that is new to it" if new == ["key"] else
        "acts as an application from a network and with a key that are new to it"
    )  # fmt: skip


def _mailboxes(top: ScoredCandidate) -> str:
    new = count_of(top.values, "new_mailboxes")
    if new:
        return (
            f"reads {plural(new, 'mailbox', 'mailboxes')} of others that it is not known to have read before"
        )
    return "reads mailboxes of others"


def _legacy(top: ScoredCandidate) -> str:
    return "is used over an old protocol" + (
        " that it did not use before" if is_new(_fact(top, "method")) else ""
    )


def _bulk(top: ScoredCandidate) -> str:
    return (
        "has far more mail read than is usual for it"
        if top.values["items_z"] > 3
        else "has mail read in bulk"
    )


def _spray(top: ScoredCandidate) -> str:
    accounts = count_nouns(top.values, "spray_breadth", "account")
    return f"was signed in to from an address block from which sign-ins to {accounts} failed that day or the day before"


def _claim_attempts(top: ScoredCandidate) -> str:
    times, here = (count_of(top.values, name) for name in ("failures", "failures_here"))
    accounts, total = (count_of(top.values, name) for name in ("spray_breadth", "spray_failures"))
    if accounts > 1:
        return (
            f"and {plural(accounts - 1, 'other account')} were refused {plural(total, 'time')} from networks that are new to "
            "them, most often from the same one, and nothing succeeded from there"
        )
    if here == times:
        return f"was refused {plural(times, 'time')} from a network that is new to it, and nothing succeeded from there"
    rest = f", {here:,} of these from one network" if here > 1 else ""
    return f"was refused {plural(times, 'time')} from networks that are new to it{rest}, and nothing succeeded from there"


def _prompts(top: ScoredCandidate) -> str:
    times = count_nouns(top.values, "denials", "time")
    return f"is used after a second factor was asked for and not given {times}"


def _two_places(top: ScoredCandidate) -> str:
    minutes = top.values["usual_gap_abroad"]
    within = plural(round(max(minutes, 1)), "minute") if minutes < 90 else plural(round(minutes / 60), "hour")
    return f"is used in two countries within {within}"


_SAYS: Mapping[str, Callable[[ScoredCandidate], str]] = {
    "strange-client": _client, "strange-app": _application, "new-app": _new_application, "service-abroad": _service,
    "other-mailboxes": _mailboxes, "legacy": _legacy, "bulk": _bulk, "spray": _spray, "prompts": _prompts,
    "two-places": _two_places, "refused": _claim_attempts,
}  # fmt: skip
"""Functions that write the sentence of a pattern from its numbers. Other patterns have a fixed sentence."""
