"""Describe one kind of configuration export."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from seawall.vendor_api.configuration_addresses import GRAPH, GRAPH_ADDRESSES


@dataclass(frozen=True, slots=True)
class Export:
    """Say how to get an export, and by which fields its objects are recognised.

    `get` is a command or an address of Microsoft Graph, `permission` what it takes. An object belongs to it if it has all
    fields of `fields`, one of `any_of` (if there are any), and none of `without`; all in lower case. `id` is the id that its
    only object has in every tenant, if there is one. `keeps` are the fields
    that are read from it; everything else is forgotten. `contexts` are ends of `@odata.context` and names of bundles that
    name an empty list of it.
    """

    name: str
    title: str
    get: str
    permission: str
    fields: frozenset[str]
    any_of: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()
    keeps: frozenset[str] = frozenset()
    contexts: tuple[str, ...] = field(default=())
    id: str = ""
    product: str = "Microsoft 365"

    def has(self, fields: frozenset[str]) -> bool:
        """Return whether objects with these lower-case fields may belong to this export."""
        return (
            self.fields <= fields
            and (not self.any_of or bool(self.any_of & fields))
            and not self.without & fields
        )

    def has_id(self, one: Mapping[str, Any]) -> bool:
        """Return whether an object has the id that the only object of this export has, if there is one."""
        return not self.id or one.get("id") == self.id


def words(text: str) -> frozenset[str]:
    """Return the words of a text as a set of lower-case field names."""
    return frozenset(text.lower().split())


def graph(name: str, title: str, fields: str, keeps: str, **more: object) -> Export:
    """Return an export of Microsoft Graph. The last parts of its first path are the context of an empty page."""
    address = GRAPH_ADDRESSES[name]
    plain = address.paths[0].partition("?")[0].removeprefix("/v1.0/").removeprefix("/beta/")
    contexts = (plain, *str(more.get("contexts", "")).split())
    return Export(
        name,
        title,
        " and ".join(f"GET {GRAPH}{path}" for path in address.paths),
        address.permission,
        words(fields),
        words(str(more.get("any_of", ""))),
        words(str(more.get("without", ""))),
        words(f"{fields} {keeps}"),
        tuple(text.lower() for text in contexts),
        str(more.get("id", "")),
    )


def command(
    name: str, title: str, cmdlet: str, permission: str, fields: str, keeps: str, **more: object
) -> Export:
    """Return an export of PowerShell: the cmdlet, the fields that are read, as JSON."""
    shown = ", ".join(str(more.get("select", "")).split())
    select = f" | Select-Object {shown}" if shown else ""
    return Export(
        name,
        title,
        f"{cmdlet}{select} | ConvertTo-Json -Depth 6",
        permission,
        words(fields),
        words(str(more.get("any_of", ""))),
        words(str(more.get("without", ""))),
        words(f"{fields} {keeps} {more.get('select', '')}"),
        tuple(text.lower() for text in str(more.get("contexts", "")).split()),
    )
