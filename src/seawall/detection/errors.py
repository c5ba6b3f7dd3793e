"""Name what goes wrong when detection is spread over machines."""

from __future__ import annotations

from seawall_base.errors import SeawallError


class PartInvalid(SeawallError):
    """What a part of an organisation sent is damaged, or comes from another version."""

    code = "part-invalid"
