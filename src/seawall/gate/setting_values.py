"""Read values that only the gate's tables have: networks, and conditions on claims."""

from __future__ import annotations

from typing import Any

from seawall.web.peers import Peers
from seawall_base.settings_values import InvalidValue, any_texts
from seawall_tokens.policy.values import conditions
from seawall_tokens.verify.claim_conditions import Conditions


def peers(value: Any) -> Peers:
    """Return networks, and possibly `unix`, from a list of texts. Raises `InvalidValue`."""
    try:
        return Peers(any_texts()(value))
    except ValueError as error:
        raise InvalidValue(str(error)[:200], 'write networks, such as "10.0.0.0/8", or "unix"') from None


def conditions_of_claims(value: Any) -> Conditions:
    """Return allowed values by claim. Raises `InvalidValue`, which names the claim."""
    try:
        return conditions(value)
    except InvalidValue as wrong:
        named = ".".join(str(part) for part in wrong.at if isinstance(part, str))
        raise InvalidValue(f"{named}: {wrong.what}" if named else wrong.what, wrong.fix) from None
