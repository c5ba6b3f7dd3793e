"""Every class of error that Seawall reports, wherever it lies."""

from __future__ import annotations

import pkgutil
from importlib import import_module

import seawall
import seawall_base
import seawall_tokens
from seawall.events import array_state as state
from seawall_base.errors import SeawallError


def error_classes() -> dict[str, type[SeawallError]]:
    """Return them by code: all of the modules named `errors`, and the one of kept state."""
    names = [
        one.name
        for package in (seawall, seawall_base, seawall_tokens)
        for one in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
        if one.name.endswith(".errors")
    ]
    assert len(names) > 5
    modules = {import_module(name).__name__ for name in names} | {state.__name__}
    found = {kind.code: kind for kind in SeawallError.kinds() if kind.__module__ in modules}
    return {SeawallError.code: SeawallError, **found}
