"""Failures of the gate."""

from __future__ import annotations

from seawall_base.errors import SeawallError


class GateInvalid(SeawallError):
    """The settings of the gate in the policy file make no sense, or the gate cannot listen where it was told to."""

    code = "gate-invalid"
    exit_code = 2


class GateUnreachable(SeawallError):
    """The gate does not answer, or what answers is no gate."""

    code = "gate-unreachable"


class GateRefused(SeawallError):
    """The gate does not take orders from here: the wrong token, the wrong address, or it takes none."""

    code = "gate-refused"
