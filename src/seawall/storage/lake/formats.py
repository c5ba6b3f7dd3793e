"""Check the marker file that names a folder as a lake, and the version of its format."""

from __future__ import annotations

import json
from pathlib import Path

from seawall.storage.errors import LakeBroken
from seawall.storage.lake import layout, parts

FORMAT = {"format": "seawall-lake", "version": parts.VERSION}


def check(root: Path) -> None:
    """Raise `LakeBroken` unless the folder holds a lake of this version."""
    try:
        stated = json.loads((root / layout.MARKER).read_bytes()[:1000])
    except FileNotFoundError:
        raise LakeBroken(f"{root}: no stored events there", fix="check the path") from None
    except OSError as error:
        raise layout.unreadable(root, error) from error
    except ValueError:
        stated = None
    if not isinstance(stated, dict) or stated.get("format") != FORMAT["format"]:
        raise LakeBroken(f"{root / layout.MARKER}: damaged", fix="restore a backup")
    if stated.get("version") != parts.VERSION:
        raise LakeBroken(
            f"{root}: version {str(stated.get('version'))[:20]}, this program reads version {parts.VERSION}",
            fix="use the version of Seawall that wrote it",
        )
