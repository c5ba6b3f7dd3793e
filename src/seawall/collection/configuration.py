"""Fetch a tenant's configuration from Microsoft Graph into a new folder: one file for each address, as Graph answers it.

A configuration is a state, not a stream of records: each call fetches all of it, and no ledger keeps what is known. A file
holds one page a line. Where a later page fails, the file stays as it is: its last page names a next one, and the reader takes
the export for incomplete.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import msgspec

from seawall.collection.source import PageTrail
from seawall.vendor_api.client import VendorClient, VendorRefused, VendorUnavailable
from seawall.vendor_api.graph_configuration import ADDRESSES, ConfigurationAddress
from seawall.vendor_api.responses import decode_body
from seawall_base import durable_file, private_files
from seawall_base.errors import OutputUnwritable
from seawall_base.http_client import ForeignHost, HttpResponse

MOST_PAGES: Final = 5_000
"""Most pages of one address: half a million service principals."""
MOST_BYTES: Final = 200 << 20
"""Most bytes of one file; the reader takes files of up to 256 MiB."""
_MOST_DOMAINS: Final = 500
_FIX: Final = "choose a new folder with --out"


@dataclass(slots=True)
class ConfigurationOutcome:
    """Say what was fetched: the objects of each export, and the faults of those that are missing or incomplete."""

    objects: dict[str, int] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


class _Page(msgspec.Struct):
    value: Any = None
    next_link: str | None = msgspec.field(default=None, name="@odata.nextLink")


def collect_configuration(
    client: VendorClient, base: str, folder: Path, report: Callable[[str], None] = lambda _: None
) -> ConfigurationOutcome:
    """Fetch every address into `folder`, which is created and must be empty. Raises OutputUnwritable, Stopped, CollectRefused.

    `base` is the URL of Graph's host. An address that is refused or does not answer keeps no other from being fetched.
    """
    _make_empty(folder)
    outcome = ConfigurationOutcome()
    federated: list[str] = []
    for name, address in ADDRESSES.items():
        report(name)
        lines: list[bytes] = []
        try:
            for line, value in _fetch(client, base, address, federated):
                lines.append(line)
                outcome.objects[name] = outcome.objects.get(name, 0) + (
                    len(value) if isinstance(value, list) else 1
                )
                if name == "domains" and isinstance(value, list):
                    federated += _federated_domains(value)
        except VendorUnavailable as error:
            outcome.failed[name] = error.code
        except VendorRefused as error:
            outcome.failed[name] = str(error)
        except ForeignHost:
            outcome.failed[name] = "elsewhere"
        if lines:
            durable_file.write_whole(folder / f"{name}.jsonl", b"\n".join(lines) + b"\n", fix=_FIX)
    return outcome


def _make_empty(folder: Path) -> None:
    try:
        if folder.exists() and any(folder.iterdir()):
            raise OutputUnwritable(f"{folder} is not empty: an old export would pass for a new one", fix=_FIX)
    except OSError as error:
        raise OutputUnwritable(f"{folder}: {error.strerror or error}", fix=_FIX) from error
    private_files.make_folder(folder)


def _fetch(
    client: VendorClient, base: str, address: ConfigurationAddress, federated: list[str]
) -> Iterator[tuple[bytes, Any]]:
    """Yield each page of an address on one line, with its `value`. Raises VendorUnavailable, VendorRefused, ForeignHost."""
    size = pages = 0
    for path in address.paths:
        for url in _urls(base, path, federated):
            trail, following = PageTrail(), url
            while following:
                line, page = client.get(following, _read)
                size, pages = size + len(line), pages + 1
                if size > MOST_BYTES or pages > MOST_PAGES:
                    raise VendorUnavailable("too-large")
                yield line, page.value
                following = trail.follow(page.next_link) if page.next_link else ""
                if following:
                    client.check(following)


def _urls(base: str, path: str, federated: list[str]) -> Iterator[str]:
    plain, mark, query = path.partition("?")
    tail = mark + quote(query, safe="$=&,()'") if mark else ""
    if "{domain}" not in plain:
        yield f"{base}{plain}{tail}"
        return
    for domain in federated[:_MOST_DOMAINS]:
        yield f"{base}{plain.replace('{domain}', quote(domain, safe=''))}{tail}"


def _read(answer: HttpResponse) -> tuple[bytes, _Page]:
    page: _Page = decode_body(answer.body, _Page)
    body = answer.body.removeprefix(b"\xef\xbb\xbf")
    return body.replace(b"\n", b" ").replace(b"\r", b" ").strip(), page


def _federated_domains(value: list[Any]) -> Iterator[str]:
    for one in value:
        if (
            isinstance(one, dict)
            and one.get("authenticationType") == "Federated"
            and isinstance(one.get("id"), str)
        ):
            yield one["id"]
