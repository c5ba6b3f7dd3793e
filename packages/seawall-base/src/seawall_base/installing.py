"""Say how to add an extra to this installation. Seawall is on no package index: whoever registered its name there could run code.

A command therefore names the checkout or the wheels from which this installation came, as `direct_url.json` records them
(https://packaging.python.org/specifications/direct-url/).
"""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

PRODUCT: Final = "seawall"
PARTS: Final = ("seawall-base", "seawall-tokens")
"""The distributions that the product stands on; pip must be given them too, or it would ask an index for them."""


def describe_install(extra: str = "") -> str:
    """Return the command that installs Seawall again with an extra, or a sentence where nobody knows whence it came."""
    about = _read_origin(PRODUCT)
    source = _find_path(str(about.get("url", "")))
    if source is None:
        wanted = f" with the extra [{extra}]" if extra else ""
        return f"install Seawall again{wanted}, from the checkout or the wheels that you have: it is on no package index"
    is_editable = bool(about.get("dir_info", {}).get("editable"))
    if "dir_info" in about:
        parts = [source / "packages" / name for name in PARTS]
    else:
        version = _read_version()
        parts = [_find_wheel(name, source.parent, version) for name in PARTS]
    product = f"{source}[{extra}]" if extra else str(source)
    again = [] if extra else ["--force-reinstall", "--no-deps"]
    places = [
        word for place in (*map(str, parts), product) for word in (*(["-e"] if is_editable else []), place)
    ]
    return shlex.join([sys.executable, "-m", "pip", "install", *again, *places])


def _find_wheel(name: str, folder: Path, version: str) -> Path:
    """Return the wheel of a part: where it was installed from, else beside the product's."""
    installed = _find_path(str(_read_origin(name).get("url", "")))
    return installed or folder / f"{name.replace('-', '_')}-{version}-py3-none-any.whl"


def _read_version() -> str:
    from importlib import metadata

    return metadata.version(PRODUCT)


def _read_origin(name: str) -> dict[str, Any]:
    """Return what pip recorded of a distribution's origin; nothing for one from an index, or that is not installed."""
    from importlib import metadata  # takes longer than most verbs need to start

    try:
        text = metadata.distribution(name).read_text("direct_url.json")
        found = json.loads(text) if text else {}
    except (metadata.PackageNotFoundError, OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _find_path(url: str) -> Path | None:
    """Return the path of a URL of a file on this machine, None for any other."""
    parts = urlsplit(url)
    return Path(unquote(parts.path)) if parts.scheme == "file" and parts.netloc in ("", "localhost") else None
