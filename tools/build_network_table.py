"""Build the network table that ships with Seawall from two pinned npm packages.

    python tools/build_network_table.py [--downloads DIR] [--out src/seawall/events/networks/data]

Steps:

1. `npm pack` fetches the exact versions in `PACKAGES` into DIR (files already there are used).
2. Their SHA-512 must equal the integrity recorded here; otherwise nothing is written.
3. `HELD` networks fill gaps between the AS ranges.
4. The ranges of both packages are cut at each other's borders into one list of intervals a family, each with
   its autonomous system (AS) and country. What no package covers stays unknown. `SPECIAL` ranges are emptied.
5. Neighbours that say the same are joined; the columns are packed into `networks.bin`.
6. `provenance.json` records versions, licences, dates, counts and the SHA-256 of `networks.bin`.

The result depends on the packages alone: the same versions give the same bytes (with the same zstd).
To move to newer data change `PACKAGES`, run this and commit both files.
"""

from __future__ import annotations

import argparse
import base64
import csv
import hashlib
import io
import ipaddress
import json
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seawall.events.networks.table_file import pack

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "src" / "seawall" / "events" / "networks" / "data"


@dataclass(frozen=True, slots=True)
class Package:
    """One pinned npm package: its content and the terms of its licence."""

    name: str
    version: str
    integrity: str
    stem: str
    licence: str
    attribution: str
    date: str


PACKAGES = (
    Package(
        name="@ip-location-db/asn",
        version="2.3.2026061719",
        integrity="sha512-PpqYi7wyEyWwunXBtl+y3Vi403SvNywotWwvmiYCOUtE0SVol/Sf492Ee+eErEznmGapxEQB2SAfrpXuZ9a+vQ==",
        stem="asn",
        licence="CC-BY-4.0",
        attribution="RouteViews (routeviews.org), Number Resource Organization (nro.net) and "
        "IP to ASN Lite by DB-IP (db-ip.com), merged by ip-location-db; CC BY 4.0",
        date="2026-06-17",
    ),
    Package(
        name="@ip-location-db/asn-country",
        version="2.3.2026061719",
        integrity="sha512-KN/mUGqf/nwkI0RDvv4knOc5xGXxbooU1MlTXThEJcJVyWxHoCx6oRed8p7NguGKZRpQPmZWdWw/zslHZsUC6Q==",
        stem="asn-country",
        licence="CC0-1.0, made from data under CC-BY-4.0",
        attribution="Number Resource Organization (nro.net), merged by ip-location-db; CC BY 4.0",
        date="2026-06-17",
    ),
)

SPECIAL = (
    # IANA special-purpose registries: these addresses belong to no network, whatever is announced.
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
    "192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
    "224.0.0.0/3",
    # Teredo and 6to4 addresses name a relay and not the client's network.
    "::/8", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/32", "2001:2::/48", "2001:10::/28",
    "2001:20::/28", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10",
    "ff00::/8",
)  # fmt: skip

HELD = (
    # Registered and used, but half of it is not announced and so missing in routing data: Exchange
    # Online's own servers (2603:10a6::/32, 2603:10b6::/32 …) appear as client addresses in audit records.
    ("2603:1000::/24", "8075"),
)
"""(network, AS number), used only for gaps in the packages' data."""

Range = tuple[int, int, str]
"""First address, one past the last address, value."""


def fetch(package: Package, folder: Path) -> bytes:
    """Return the package's archive, from `folder` or by `npm pack`; exit if the integrity differs."""
    file = folder / f"{package.name.strip('@').replace('/', '-')}-{package.version}.tgz"
    if not file.exists():
        spec = f"{package.name}@{package.version}"
        subprocess.run(
            ["npm", "pack", spec, "--pack-destination", str(folder)], check=True, stdout=sys.stderr
        )
    content = file.read_bytes()
    found = "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()
    if found != package.integrity:
        raise SystemExit(f"{file}: integrity is {found}, pinned is {package.integrity}")
    return content


def table_rows(archive: bytes, member: str) -> Iterator[list[str]]:
    """Yield the rows of one CSV file in an npm archive."""
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as files:
        stream = files.extractfile(f"package/{member}")
        if stream is None:
            raise SystemExit(f"package/{member}: not in the archive")
        yield from csv.reader(io.TextIOWrapper(stream, encoding="utf-8", newline=""))


def clean(ranges: Iterable[Range]) -> list[Range]:
    """Return the ranges sorted and without overlap: a later start cuts the range before it short."""
    kept: list[Range] = []
    for first, end, value in sorted(ranges):
        if kept and kept[-1][1] > first:
            previous = kept.pop()
            if previous[0] < first:
                kept.append((previous[0], first, previous[2]))
        kept.append((first, end, value))
    return kept


def fill_gaps(ranges: list[Range], network: str, value: str) -> list[Range]:
    """Return clean ranges, with gaps inside the network filled by the value."""
    held = ipaddress.ip_network(network)
    start, limit = int(held.network_address), int(held.broadcast_address) + 1
    added: list[Range] = []
    for first, end, _ in [*ranges, (limit, limit, "")]:
        if start < min(first, limit):
            added.append((start, min(first, limit), value))
        start = max(start, end)
    return sorted([*ranges, *added])


def values_at(points: list[int], ranges: list[Range]) -> list[str]:
    """Return the value of the range that contains each sorted point, "" for none."""
    found: list[str] = []
    position = 0
    for point in points:
        while position < len(ranges) and ranges[position][1] <= point:
            position += 1
        inside = position < len(ranges) and ranges[position][0] <= point
        found.append(ranges[position][2] if inside else "")
    return found


def merge(systems: list[Range], countries: list[Range], version: int) -> list[tuple[int, str, str]]:
    """Return the merged intervals as (first address, AS number or "", country or ""), from address 0 on."""
    kept = [net for net in map(ipaddress.ip_network, SPECIAL) if net.version == version]
    special = clean(
        (int(net.network_address), int(net.broadcast_address) + 1, "x")
        # a range inside another (64:ff9b::/96 in ::/8) would end the outer one at its own end
        for net in ipaddress.collapse_addresses(kept)  # type: ignore[type-var]
    )
    limit = 1 << (32 if version == 4 else 128)
    borders = {0} | {edge for ranges in (systems, countries, special) for row in ranges for edge in row[:2]}
    points = sorted(point for point in borders if point < limit)
    columns = (values_at(points, ranges) for ranges in (systems, countries, special))
    joined: list[tuple[int, str, str]] = []
    for point, system, country, is_special in zip(points, *columns, strict=True):
        if is_special:
            system = country = ""
        if not joined or joined[-1][1:] != (system, country):
            joined.append((point, system, country))
    return joined


def as_texts(texts: Iterable[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return (offsets int32, bytes uint8) of the texts, the layout of an Arrow string array."""
    encoded = [text.encode() for text in texts]
    offsets = np.cumsum([0, *map(len, encoded)]).astype(np.int32)
    return offsets, np.frombuffer(b"".join(encoded), dtype=np.uint8)


def build(archives: dict[str, bytes]) -> tuple[bytes, dict[str, int]]:
    """Return the packed table and its counts."""
    names: dict[int, str] = {}
    merged: dict[int, list[tuple[int, str, str]]] = {}
    for version in (4, 6):
        systems: list[Range] = []
        for first, last, system, name in table_rows(archives["asn"], f"asn-ipv{version}-num.csv"):
            systems.append((int(first), int(last) + 1, system))
            names.setdefault(int(system), " ".join(name.split()))
        systems = clean(systems)
        for network, system in HELD:
            if ipaddress.ip_network(network).version == version:
                systems = fill_gaps(systems, network, system)
        rows = table_rows(archives["asn-country"], f"asn-country-ipv{version}-num.csv")
        countries = [(int(first), int(last) + 1, country) for first, last, country in rows]
        merged[version] = merge(systems, clean(countries), version)

    # Row 0 of both tables is "unknown".
    numbers = [0, *sorted(names)]
    codes = ["", *sorted({row[2] for rows in merged.values() for row in rows if row[2]})]
    asn_row = {"": 0} | {str(number): row for row, number in enumerate(numbers)}
    code_row = {code: row for row, code in enumerate(codes)}
    name_offsets, name_bytes = as_texts(["", *(names[number] for number in numbers[1:])])
    code_offsets, code_bytes = as_texts(codes)
    sections = {
        "v4_first": np.array([row[0] for row in merged[4]], dtype="<u4"),
        "v4_asn": np.array([asn_row[row[1]] for row in merged[4]], dtype="<i4"),
        "v4_country": np.array([code_row[row[2]] for row in merged[4]], dtype="u1"),
        "v6_first": np.array([row[0].to_bytes(16, "big") for row in merged[6]], dtype="S16"),
        "v6_asn": np.array([asn_row[row[1]] for row in merged[6]], dtype="<i4"),
        "v6_country": np.array([code_row[row[2]] for row in merged[6]], dtype="u1"),
        "asn": np.array(numbers, dtype="<u4"),
        "name_offsets": name_offsets,
        "name_bytes": name_bytes,
        "country_offsets": code_offsets,
        "country_bytes": code_bytes,
    }
    counts = {
        "ipv4_intervals": len(merged[4]),
        "ipv6_intervals": len(merged[6]),
        "autonomous_systems": len(numbers) - 1,
        "countries": len(codes) - 1,
    }
    sorted_columns = frozenset({"v4_first", "asn", "name_offsets", "country_offsets"})
    return pack(sections, delta=sorted_columns), counts


def provenance(content: bytes, counts: dict[str, int]) -> dict[str, object]:
    """Return the content of `provenance.json`."""
    return {
        "artefact": "networks.bin",
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "date": min(package.date for package in PACKAGES),
        "licence": "CC-BY-4.0",
        "changes": "Both data sets were cut into common intervals and joined; special-purpose ranges, "
        "Teredo and 6to4 were emptied; gaps in networks of known holders were filled; "
        "names were reduced to single spaces.",
        "counts": counts,
        "sources": [
            {
                "package": package.name,
                "version": package.version,
                "integrity": package.integrity,
                "licence": package.licence,
                "attribution": package.attribution,
                "date": package.date,
            }
            for package in PACKAGES
        ],
    }


def main() -> None:
    """Fetch, check, build and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--downloads", type=Path, help="keep and reuse the packages here")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.downloads or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        archives = {package.stem: fetch(package, folder) for package in PACKAGES}
    content, counts = build(archives)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "networks.bin").write_bytes(content)
    record = json.dumps(provenance(content, counts), indent=2) + "\n"
    (options.out / "provenance.json").write_text(record, encoding="utf-8")
    sys.stdout.write(record)


if __name__ == "__main__":
    main()
