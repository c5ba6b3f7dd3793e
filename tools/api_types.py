"""Generate the console's TypeScript types from the OpenAPI document of its API.

    python -m tools.api_types            write `console/src/api/schema.ts`
    python -m tools.api_types --check    write nothing; exit code 1 if the file differs

`openapi-typescript` is no alternative: it needs the compiler interface of TypeScript 5, and the console pins TypeScript 7.
"""

from __future__ import annotations

import json
import re
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from seawall.console.openapi import build_document
from tools.generated_tables import write_or_check

ROOT: Final = Path(__file__).resolve().parents[1]
TARGET: Final = ROOT / "console" / "src" / "api" / "schema.ts"
HEAD: Final = """\
// Written by `python -m tools.api_types` from the API's OpenAPI document. Do not edit.

/* The server's types. Times are RFC 3339 in UTC; ids are opaque texts; scores and weights are nats (log-odds). */
"""
_REFERENCE: Final = "#/components/schemas/"
_PLAIN: Final = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
}
_IDENTIFIER: Final = re.compile(r"[A-Za-z_$][\w$]*")
_WIDTH: Final = 116

Json = Mapping[str, Any]


def write_types(document: Json) -> str:
    """Return the TypeScript module: an interface for each schema of the document.

    A field with a default is optional only in types that only clients send, because the server writes every field.
    """
    schemas: Json = document["components"]["schemas"]
    sent_by_server = find_sent_by_server(document)
    parts = [
        _interface(name, schema, is_complete=name in sent_by_server)
        for name, schema in sorted(schemas.items())
    ]
    return "\n".join([HEAD, *parts])


def find_sent_by_server(document: Json) -> set[str]:
    """Return the names of the schemas in responses, and of those in no request."""
    schemas: Json = document["components"]["schemas"]
    operations = [one for methods in document["paths"].values() for one in methods.values()]
    answered = _reached([one["responses"] for one in operations], schemas)
    asked = _reached([one.get("requestBody", {}) for one in operations], schemas)
    return answered | (schemas.keys() - asked)


def _reached(part: Any, schemas: Json) -> set[str]:
    found: set[str] = set()
    waiting = list(_references(part))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _references(schemas[name])
    return found


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, Mapping):
        for name, value in part.items():
            if name == "$ref":
                yield value.removeprefix(_REFERENCE)
            else:
                yield from _references(value)
    elif isinstance(part, list):
        for value in part:
            yield from _references(value)


def _interface(name: str, schema: Json, *, is_complete: bool) -> str:
    required = set(schema["properties"]) if is_complete else set(schema.get("required", ()))
    lines = [*_comment(schema.get("description", "")), f"export interface {name} {{"]
    for member, kind in schema["properties"].items():
        key = member if _IDENTIFIER.fullmatch(member) else json.dumps(member)
        lines.append(f"  {key}{'' if member in required else '?'}: {type_of(kind)};")
    return "\n".join([*lines, "}", ""])


def _comment(text: str) -> Iterator[str]:
    """Yield a documentation comment for a text, without an end of comment inside."""
    plain = " ".join(text.split()).replace("*/", "* /")
    if not plain:
        return
    if len(plain) <= _WIDTH - len("/**  */"):
        yield f"/** {plain} */"
        return
    yield "/**"
    yield from textwrap.wrap(plain, _WIDTH, initial_indent=" * ", subsequent_indent=" * ")
    yield " */"


def type_of(schema: Json) -> str:
    """Return the TypeScript type of a JSON Schema as msgspec generates it. Raises `ValueError` for others."""
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(_REFERENCE)
    if "anyOf" in schema:
        return " | ".join(type_of(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(json.dumps(one) for one in schema["enum"])
    kind = schema.get("type")
    if kind == "array":
        return _array(schema)
    if kind == "object":
        members = schema.get("additionalProperties", True)
        return f"{{ [name: string]: {type_of(members) if isinstance(members, Mapping) else 'unknown'} }}"
    if kind in _PLAIN:
        return _PLAIN[kind]
    if kind is None and not schema.keys() - {"description", "default"}:
        return "unknown"
    raise ValueError(f"no TypeScript type for {json.dumps(schema)}")


def _array(schema: Json) -> str:
    if "prefixItems" in schema:
        return f"[{', '.join(type_of(one) for one in schema['prefixItems'])}]"
    item = type_of(schema["items"]) if isinstance(schema.get("items"), Mapping) else "unknown"
    return f"({item})[]" if "|" in item and not item.startswith("{") else f"{item}[]"


def main(arguments: list[str]) -> int:
    """Write the types, or check them."""
    return write_or_check({TARGET: write_types(build_document())}, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
