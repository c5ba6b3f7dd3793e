"""Errors of calls by assistants."""

from __future__ import annotations

from seawall_base.errors import SeawallError


class AssistantCallRefused(SeawallError):
    """An assistant's call has impossible arguments, asks for a tool that is not there, or asks for too much."""

    code = "call-refused"
