"""What carrying out a plan needs of whoever sends its calls, and the two ways in which a call ends that is not answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from seawall.response.containment.values import Vendor, VendorCall


def describe_refusal(status: int, code: str, advice: str) -> str:
    """What a refusal says to a person."""
    said = " ".join(part for part in (str(status) if status else "", code) if part)
    return f"{said}: {advice}" if advice else said


@dataclass(frozen=True, slots=True)
class VendorReply:
    """A vendor's answer that was expected. `document` is its JSON, None without a body."""

    status: int
    document: Any = None


class CallRefused(Exception):
    """The vendor refused a call for good: nothing was changed by it. `code` is the vendor's own, `advice` what to do.

    Status 0: nothing was sent, or no answer ever came.
    """

    def __init__(self, status: int, code: str = "", advice: str = "") -> None:
        super().__init__(describe_refusal(status, code, advice))
        self.status, self.code, self.advice = status, code, advice


class CallResultUnknown(Exception):
    """No whole answer came: whether the call took effect is not known."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class VendorCaller(Protocol):
    """Sends calls to vendors."""

    def ask(self, vendor: Vendor, call: VendorCall) -> VendorReply:
        """Send a call whose slots are filled. Raises CallRefused, CallUnclear, and SeawallError where access is missing."""
        ...

    def pages(self, vendor: Vendor, call: VendorCall, items: str) -> list[Any]:
        """All items of a list, however many pages. Raises as `ask` does."""
        ...
