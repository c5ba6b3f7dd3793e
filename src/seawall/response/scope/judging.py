"""Decide whether an indicator found on the intruder's records is followed, with the reason and counts."""

from __future__ import annotations

from seawall.response.scope.candidates import IndicatorCandidate
from seawall.response.scope.indicator_matches import STRONG
from seawall.response.scope.search_bounds import HOLDERS, SearchBounds
from seawall_base.plurals import plural

_WORDS = {"session": "session", "token": "token", "key": "key", "address": "address"}
_RARE_NETWORK = 100
"""A network is rare if at most one in this many of an organisation's accounts used it before the intrusion."""

_HOUSEHOLDS = ("residential", "mobile")
"""Kinds of networks in which owners appear with common clients; sharing one links nothing."""

_OTHERS = {
    "microsoft": "it is the provider's own network: whose requests come from there, it does not tell",
    "corporate": "it is an organisation's way out to the internet, which many share",
}


def decide_to_follow(one: IndicatorCandidate, bounds: SearchBounds, since: str) -> tuple[bool, str]:
    """Return whether the candidate is followed, and the reason as a clause after "followed:" or "not followed:"."""
    if one.kind in STRONG:
        return _judge_strong(one)
    used = f"{one.accounts:,} of {plural(one.total, 'account')} used it"
    where = f", in {one.holder}" if one.holder else ""
    if one.place in _OTHERS:
        return False, f"{_OTHERS[one.place]}{where}; {used}"
    if one.before:
        seen = f"{used} on {plural(one.days, 'day')}, {one.before:,} of them before {since}"
        return False, f"{seen}{where}"
    if one.unlinked > bounds.few:
        return False, f"{used}, {one.unlinked:,} of them with nothing else of the intruder's{where}"
    if one.client:
        return _judge_similar_address(one, used, since)
    open_ = (
        "; many share such addresses: whom nothing else links is possibly touched" if one.is_shared else ""
    )
    return True, f"{used}, none before {since}{where}{open_}"


def _judge_strong(one: IndicatorCandidate) -> tuple[bool, str]:
    word = _WORDS[one.kind]
    if one.kind != "key" and one.accounts > HOLDERS:
        return False, f"{plural(one.accounts, 'account')} carry it: it names no {word}"
    carry = "carries" if one.events == 1 else "carry"
    return True, (
        f"the {word} of a record of the intruder's; {plural(one.events, 'record')} of "
        f"{plural(one.accounts, 'account')} {carry} it"
    )


def _judge_similar_address(one: IndicatorCandidate, used: str, since: str) -> tuple[bool, str]:
    shared = f"the same network ({one.holder}) and the same client and application as the intruder"
    if one.place in _HOUSEHOLDS:
        return False, f"{shared}, but it is one of households: that supports, it does not link; {used}"
    if one.network_before * _RARE_NETWORK > one.total:
        return False, (
            f"{shared}, but {one.network_before:,} of {plural(one.total, 'account')} used that network before {since}: "
            "that supports, it does not link"
        )
    return True, (
        f"{shared}, a network that {one.network_before:,} of {plural(one.total, 'account')} used before {since}; "
        f"{used}, none before; whom nothing else links is possibly touched"
    )
