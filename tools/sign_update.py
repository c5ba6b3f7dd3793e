"""Make and sign an update of rules and network databases: `python -m tools.sign_update FOLDER --number N --key KEY --out ZIP`.

FOLDER holds `rules/` (Sigma rules) and `networks/` (MaxMind databases). KEY is a private key of Ed25519 in PEM:
`openssl genpkey -algorithm ED25519 -out publisher.key`; users trust `openssl pkey -in publisher.key -pubout`.
The same folder, number and day give the same bytes.
"""

from __future__ import annotations

import argparse
import json
import sys
import zipfile
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from seawall.storage.files.signed_update import CONTEXT, MANIFEST, NAME, SIGNATURE


def make_update(folder: Path, number: int, made: str, key: Ed25519PrivateKey, out: Path) -> None:
    """Write the ZIP of an update. Raises `ValueError` for a file that no update may hold."""
    files = {
        path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()
    }
    wrong = [name for name in files if not NAME.fullmatch(name)]
    if wrong:
        raise ValueError(f"no update may hold {wrong[0]}")
    described = {
        name: {"size": path.stat().st_size, "sha256": sha256(path.read_bytes()).hexdigest()}
        for name, path in files.items()
    }
    manifest = json.dumps(
        {"format": 1, "number": number, "made": made, "files": described}, sort_keys=True
    ).encode()
    contents = {MANIFEST: manifest, SIGNATURE: key.sign(CONTEXT + manifest)}
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in [
            *contents.items(),
            *((name, path.read_bytes()) for name, path in files.items()),
        ]:
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)


def main(arguments: list[str]) -> int:
    """Make one update."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--number", type=int, required=True)
    parser.add_argument("--made", required=True, help="the day, YYYY-MM-DD")
    parser.add_argument("--key", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args(arguments)
    key = load_pem_private_key(given.key.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise SystemExit("--key is no private key of Ed25519")
    make_update(given.folder, given.number, given.made, key, given.out)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
