"""Define the interface that sends a plan's calls, and the two ways in which a call fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from seawall.response.containment.values import Vendor, VendorCall


def describe_refusal(status: int, code: str, advice: str) -> str:
    """Return the text of a refusal for a person."""
    said = " ".join(part for part in (str(status) if status else "", code) if part)
    return f"{said}: {advice}" if advice else said


@dataclass(frozen=True, slots=True)
class VendorReply:
    """An expected answer. `document` is its JSON, None if it has no body."""

    status: int
    document: Any = None


class CallRefused(Exception):
    """The vendor finally refused a call, and nothing was changed.

    `code` is the vendor's error code, `advice` what to do. Status 0: nothing was sent or no answer came.
    """

    def __init__(self, status: int, code: str = "", advice: str = "") -> None:
        super().__init__(describe_refusal(status, code, advice))
        self.status, self.code, self.advice = status, code, advice


class CallResultUnknown(Exception):
    """No complete answer came, so it is unknown whether the call took effect."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class VendorCaller(Protocol):
    """Sends calls to vendors."""

    def ask(self, vendor: Vendor, call: VendorCall) -> VendorReply:
        """Send a call without open placeholders.

        Raises CallRefused, CallResultUnknown, or SeawallError if access is missing.
        """
        ...

    def pages(self, vendor: Vendor, call: VendorCall, items: str) -> list[Any]:
        """Return all items of a list over all pages. Raises as `ask` does."""
        ...
