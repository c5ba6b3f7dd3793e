"""Write the table of published test keys: thumbprints of private keys that everybody can have.

    python -m tools.published_keys "NAME=PATH" ...

Each PATH is searched like `seawall keys scan` does. A key in several sources is named after the first. The product reads
`src/seawall/keys/leaks/data/published_keys.json`, which holds thumbprints and names, and no key.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from seawall.keys.leaks.scanning.scan import search

TABLE = Path(__file__).parents[1] / "src/seawall/keys/leaks/data/published_keys.json"


def main(arguments: list[str]) -> None:
    """Search each source and write the table."""
    sources: dict[str, list[str]] = {}
    seen: set[str] = set()
    for argument in arguments:
        name, _, path = argument.partition("=")
        account = search([path])
        keys = sorted({found.key for found in account.findings if found.key} - seen)
        seen.update(keys)
        sources.setdefault(name, []).extend(keys)
        print(f"{name}: {len(keys)} keys")
    TABLE.write_text(json.dumps(sources, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
