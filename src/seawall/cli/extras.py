"""Which extra brings a package that a verb needs and this installation lacks."""

from __future__ import annotations

from typing import Final

from seawall_base.errors import MissingExtra

BROUGHT_BY: Final[dict[str, tuple[str, ...]]] = {
    "store": ("alembic", "sqlalchemy"),
    "console": ("argon2",),
    "gate": ("granian", "prometheus_client", "pyotp", "qrcode", "starlette", "uvloop", "webauthn"),
    "keys": ("gmpy2", "llvmlite", "numba", "yara_x"),
    "letters": ("babel", "typst"),
    "spark": ("deltalake", "pandas", "pyspark"),
    "mcp": ("anyio", "mcp", "mcp_types"),
    "collect": ("cryptography", "google", "jwt", "msal", "pybase64", "seawall_tokens"),
}
"""The packages that an extra brings, by the names that Python imports."""

NEEDED_BY: Final[dict[str, str]] = {
    "collect": "collect", "connect": "collect", "gate": "gate", "indicators": "store", "keys": "keys", "mcp": "mcp",
    "open": "console", "run": "console", "serve": "console", "spark": "spark", "step-up": "gate",
    "store": "store", "token": "gate", "update": "collect", "user": "console", "watch": "store",
}  # fmt: skip
"""The extra with which a verb works, whichever of its packages is missed first."""


OF_OPTIONS: Final = frozenset({"mcp"})
"""Extras that an option of another verb needs, such as `serve --mcp`: the verb's own extra does not bring them."""


def missing_extra(error: ModuleNotFoundError, verb: str) -> MissingExtra | None:
    """Return the error that names the extra to install; None where no extra brings the package."""
    package = (error.name or "").partition(".")[0]
    extra = next((extra for extra, packages in BROUGHT_BY.items() if package in packages), None)
    if extra is None:
        return None
    if extra not in OF_OPTIONS:
        extra = NEEDED_BY.get(verb, extra)
    return MissingExtra(f"this needs the package {package}, which is not installed", extra=extra)
