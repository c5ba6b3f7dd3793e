"""Fetch a tenant's configuration from a vendor into a new folder: one file for each address, as the vendor answers it.

A configuration is a state, not a stream of records: each call fetches all of it, and no ledger keeps what is known. A file
holds one page a line. Where a later page fails, the file stays as it is: its last page names a next one, and the reader takes
the export for incomplete.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import msgspec

from seawall.collection.source import PageTrail
from seawall.collection.vendors.okta import NEXT_LINK
from seawall.vendor_api.client import VendorClient, VendorRefused, VendorUnavailable
from seawall.vendor_api.configuration_addresses import ConfigurationAddress
from seawall.vendor_api.responses import decode_body
from seawall_base import durable_file, private_files
from seawall_base.errors import OutputUnwritable
from seawall_base.http_client import ForeignHost, HttpResponse

MOST_PAGES: Final = 5_000
"""Most pages of one address: half a million service principals."""
MOST_BYTES: Final = 200 << 20
"""Most bytes of one file; the reader takes files of up to 256 MiB."""
_MOST_EACH: Final = 500
"""Most objects for each of which a further address is fetched."""
_FIX: Final = "choose a new folder with --out"


@dataclass(slots=True)
class ConfigurationOutcome:
    """Say what was fetched: the objects of each export, and the faults of those that are missing or incomplete."""

    objects: dict[str, int] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ConfigurationPage:
    """Hold one answer on one line, its objects, and the URL of the next page, empty if there is none."""

    line: bytes
    objects: Sequence[Any]
    following: str


@dataclass(frozen=True, slots=True)
class ConfigurationSource:
    """Name the addresses of one host. `read` takes apart an answer to the URL that was asked for."""

    client: VendorClient
    base: str
    addresses: Mapping[str, ConfigurationAddress]
    read: Callable[[str, str, HttpResponse], ConfigurationPage]


def collect_configuration(
    sources: Sequence[ConfigurationSource], folder: Path, report: Callable[[str], None] = lambda _: None
) -> ConfigurationOutcome:
    """Fetch every address into `folder`, which is created and must be empty. Raises OutputUnwritable, Stopped, CollectRefused.

    An address that is refused or does not answer keeps no other from being fetched.
    """
    _make_empty(folder)
    outcome = ConfigurationOutcome()
    for source in sources:
        ids: dict[str, list[str]] = {}
        for name in source.addresses:
            report(name)
            lines = _fetch_all(source, name, ids, outcome)
            if lines and not source.addresses[name].is_step:
                durable_file.write_whole(folder / f"{name}.jsonl", b"\n".join(lines) + b"\n", fix=_FIX)
    return outcome


def _fetch_all(
    source: ConfigurationSource, name: str, ids: dict[str, list[str]], outcome: ConfigurationOutcome
) -> list[bytes]:
    """Return the lines of an address; note its objects or its fault, and the ids for addresses that need them."""
    lines: list[bytes] = []
    try:
        for page in _fetch(source, name, ids):
            lines.append(page.line)
            if not source.addresses[name].is_step:
                outcome.objects[name] = outcome.objects.get(name, 0) + len(page.objects)
            ids.setdefault(name, []).extend(_ids_of(name, page.objects))
    except VendorUnavailable as error:
        outcome.failed[name] = error.code
    except VendorRefused as error:
        outcome.failed[name] = str(error)
    except ForeignHost:
        outcome.failed[name] = "elsewhere"
    return lines


def _make_empty(folder: Path) -> None:
    try:
        if folder.exists() and any(folder.iterdir()):
            raise OutputUnwritable(f"{folder} is not empty: an old export would pass for a new one", fix=_FIX)
    except OSError as error:
        raise OutputUnwritable(f"{folder}: {error.strerror or error}", fix=_FIX) from error
    private_files.make_folder(folder)


def _fetch(
    source: ConfigurationSource, name: str, ids: Mapping[str, list[str]]
) -> Iterator[ConfigurationPage]:
    """Yield the pages of an address. Raises VendorUnavailable, VendorRefused, ForeignHost."""
    address = source.addresses[name]
    size = pages = 0
    for url in _urls(source.base, address, ids):
        trail, following = PageTrail(), url
        while following:
            page = source.client.get(following, partial(source.read, name, following))
            size, pages = size + len(page.line), pages + 1
            if size > MOST_BYTES or pages > MOST_PAGES:
                raise VendorUnavailable("too-large")
            yield page
            following = trail.follow(page.following) if page.following else ""
            if following:
                source.client.check(following)


def _urls(base: str, address: ConfigurationAddress, ids: Mapping[str, list[str]]) -> Iterator[str]:
    for path in address.paths:
        plain, mark, query = path.partition("?")
        tail = mark + quote(query, safe="$=&,()'") if mark else ""
        for one in ids.get(address.each, [])[:_MOST_EACH] if address.each else [""]:
            yield f"{base}{plain.replace('{id}', quote(one, safe=''))}{tail}"


def _ids_of(name: str, objects: Sequence[Any]) -> Iterator[str]:
    """Yield the ids that further addresses need: of federated domains, and of policies of Okta."""
    for one in objects if name in ("domains", "okta_policies") else ():
        is_wanted = isinstance(one, dict) and (
            name != "domains" or one.get("authenticationType") == "Federated"
        )
        if is_wanted and isinstance(one.get("id"), str):
            yield one["id"]


def _on_one_line(body: bytes) -> bytes:
    return body.removeprefix(b"\xef\xbb\xbf").replace(b"\n", b" ").replace(b"\r", b" ").strip()


class _GraphPage(msgspec.Struct):
    value: Any = None
    next_link: str | None = msgspec.field(default=None, name="@odata.nextLink")


def read_graph(name: str, url: str, answer: HttpResponse) -> ConfigurationPage:
    """Take apart an answer of Microsoft Graph. Raises MalformedResponse."""
    del name, url
    page: _GraphPage = decode_body(answer.body, _GraphPage)
    objects = page.value if isinstance(page.value, list) else [page.value]
    return ConfigurationPage(_on_one_line(answer.body), objects, page.next_link or "")


def read_okta(name: str, url: str, answer: HttpResponse) -> ConfigurationPage:
    """Take apart an answer of Okta: an object, or a list with a link to the next page. Raises MalformedResponse.

    The line names the export, so that an empty list is one of it.
    """
    del url
    value = decode_body(answer.body, list[Any] | dict[str, Any])
    link = NEXT_LINK.search(answer.headers.get("link", ""))
    line = b'{"%s":%s}' % (name.encode(), _on_one_line(answer.body))
    return ConfigurationPage(line, value if isinstance(value, list) else [value], link[1] if link else "")


class _GooglePage(msgspec.Struct):
    policies: list[Any] = []
    users: list[Any] = []
    next_page: str = msgspec.field(default="", name="nextPageToken")


def read_google(name: str, url: str, answer: HttpResponse) -> ConfigurationPage:
    """Take apart a page of Google's APIs. Raises MalformedResponse."""
    page: _GooglePage = decode_body(answer.body, _GooglePage)
    first = url.partition("&pageToken=")[0]
    following = f"{first}&pageToken={quote(page.next_page, safe='')}" if page.next_page else ""
    return ConfigurationPage(
        _on_one_line(answer.body), page.policies if name == "google_policies" else page.users, following
    )
