"""Errors of the gate."""

from __future__ import annotations

from seawall_base.errors import SeawallError


class GateInvalid(SeawallError):
    """The gate's settings in the policy file are invalid, or the gate cannot listen on its address."""

    code = "gate-invalid"
    exit_code = 2


class GateUnreachable(SeawallError):
    """The gate does not answer, or the answer is not from a gate."""

    code = "gate-unreachable"


class GateRefused(SeawallError):
    """The gate refuses an administrator's request: wrong token, address not allowed, or no administrator configured."""

    code = "gate-refused"
