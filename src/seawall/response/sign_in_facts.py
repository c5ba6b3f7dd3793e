"""Say how a sign-in was authenticated, in one line, from its event's method and parameters."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

_METHODS = {
    "password": "password alone",
    "mfa": "second factor",
    "mfa_claim": "second factor claimed by the token",
    "phishing_resistant": "phishing-resistant method",
    "certificate": "certificate",
    "secret": "client secret",
}
_BOUND = {"bound": "token bound to the device", "unbound": "token not bound to a device"}
_YES_NO = {
    "managed": ("managed device", "unmanaged device"),
    "compliant": ("compliant device", "device not compliant"),
}
_LONGEST = 120


def describe_sign_in(method: str | None, parameters: str | None) -> str:
    """Return the facts of one sign-in, joined by commas: method, protocol, token, device, application, risk."""
    said = _read(parameters)
    parts = [_METHODS.get(method or "", "")]
    parts += [
        text for name, say in _FACTS.items() if (value := said.get(name)) and (text := say(value, said))
    ]
    return ", ".join(part for part in parts if part) or "the record does not say how"


def _read(parameters: str | None) -> Mapping[str, str]:
    try:
        found: Any = json.loads(parameters or "")
    except (ValueError, RecursionError):
        return {}
    items = found.items() if isinstance(found, dict) else ()
    return {name: value[:_LONGEST] for name, value in items if isinstance(value, str)}


def _plain(words: str) -> Callable[[str, Mapping[str, str]], str]:
    return lambda value, _: f"{words} {value}"


def _yes_no(name: str) -> Callable[[str, Mapping[str, str]], str]:
    yes, no = _YES_NO[name]
    return lambda value, _: {"true": yes, "false": no}.get(value.lower(), "")


def _describe_binding(value: str, said: Mapping[str, str]) -> str:
    words = _BOUND.get(value.lower(), f"token protection {value}")
    code = said.get("token_protection_code")
    return f"{words} (code {code})" if code and value.lower() != "bound" else words


_FACTS: Mapping[str, Callable[[str, Mapping[str, str]], str]] = {
    "requirement": _plain("required"),
    "protocol": _plain("protocol"),
    "token_type": _plain("presented"),
    "transfer": _plain("begun by"),
    "token_protection": _describe_binding,
    "system": _plain("on"),
    "managed": _yes_no("managed"),
    "compliant": _yes_no("compliant"),
    "trust": lambda value, _: value,
    "conditional_access": _plain("Conditional Access"),
    "credential": _plain("credential"),
    "managed_identity": _plain("managed identity"),
    "agent": _plain("agent"),
    "agent_subject": _plain("for"),
    "risk": _plain("risk"),
    "risk_says": _plain("Microsoft saw"),
}
"""What is said of each member of `parameters`, in this order."""
