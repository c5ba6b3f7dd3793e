"""Serve the console's built pages from memory.

Every other path returns the page to browsers, which then choose the view. A client that does not accept HTML gets the
page at `/` only, so that a probe of a missing path fails.
"""

from __future__ import annotations

import gzip
import hashlib
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from seawall.console.api_error import ApiError
from seawall.console.guard import PAGE_POLICY

KINDS: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".txt": "text/plain; charset=utf-8",
}
"""Media types of the served files; other files in the folder are not served."""

RESERVED: Final = frozenset({"api", "healthz", "livez", "metrics", "readyz", "taxii2"})
"""First path segments that never return the page."""

PAGE: Final = "index.html"
FOREVER: Final = "public, max-age=31536000, immutable"
ALWAYS_ASK: Final = "no-cache"
_HASHED: Final = re.compile(r"[-.][A-Za-z0-9_-]{8,}\.[a-z0-9]+$")
_WORTH_PACKING: Final = 1024
MISSING: Final = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Seawall</title>
<h1>The console's pages were not built</h1>
<p>The API answers, but this installation holds no pages. In a checkout, run <code>make console</code>; a wheel
brings them.</p></html>"""


@dataclass(frozen=True, slots=True)
class BundledFile:
    """One file as it is served."""

    content: bytes
    packed: bytes | None
    kind: str
    tag: str
    keeping: str


class Bundle:
    """All files, by path."""

    def __init__(self, files: Mapping[str, BundledFile]) -> None:
        self._files = dict(files)

    @classmethod
    def load(cls, folder: Traversable | None = None) -> Bundle:
        """Read the folder `bundle` of this package; if it is missing, serve a page that says so."""
        root = resources.files("seawall.console").joinpath("bundle") if folder is None else folder
        files: dict[str, BundledFile] = {}
        if root.is_dir():
            _gather(root, "", files)
        if PAGE not in files:
            files[PAGE] = _file(PAGE, MISSING.encode("utf-8"))
        return cls(files)

    async def serve(self, request: Request) -> Response:
        """Return a file, or the page."""
        name = request.scope["path"].lstrip("/")
        if _first_part(name) in RESERVED:
            raise ApiError(
                404,
                "not-found",
                "there is no such page or route",
                fix="GET /api/openapi.json lists the routes",
            )
        file = self._files.get(name)
        if file is None:
            last = name.rpartition("/")[2]
            if name.startswith("assets/") or ("." in last and "." + last.rpartition(".")[2] in KINDS):
                raise ApiError(404, "not-found", "there is no such file")
            if name and "text/html" not in request.headers.get("accept", "").lower():
                raise ApiError(
                    404,
                    "not-found",
                    "there is no such page or route",
                    fix="GET /healthz reports whether the console works",
                )
            file = self._files[PAGE]
        return _response(file, request)


def _first_part(name: str) -> str:
    """Return the first path segment as lenient parsers read it, ignoring case, dots and parameters."""
    plain = posixpath.normpath("/" + name.replace("\\", "/")).lstrip("/")
    return plain.partition("/")[0].partition(";")[0].strip().lower()


def _gather(folder: Traversable, prefix: str, files: dict[str, BundledFile]) -> None:
    for entry in folder.iterdir():
        name = prefix + entry.name
        if entry.is_dir():
            _gather(entry, f"{name}/", files)
        elif "." + entry.name.rpartition(".")[2] in KINDS:
            files[name] = _file(name, entry.read_bytes())


def _file(name: str, content: bytes) -> BundledFile:
    packed = gzip.compress(content, 9, mtime=0) if len(content) > _WORTH_PACKING else None
    if packed is not None and len(packed) > 0.9 * len(content):
        packed = None
    keeping = FOREVER if name.startswith("assets/") and _HASHED.search(name) else ALWAYS_ASK
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    return BundledFile(content, packed, KINDS["." + name.rpartition(".")[2]], tag, keeping)


def _response(file: BundledFile, request: Request) -> Response:
    headers = {
        "content-type": file.kind,
        "cache-control": file.keeping,
        "etag": file.tag,
        "vary": "Accept, Accept-Encoding",
        "content-security-policy": PAGE_POLICY,
    }
    if file.tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    accepted = {
        part.partition(";")[0].strip() for part in request.headers.get("accept-encoding", "").split(",")
    }
    content = file.content
    if file.packed is not None and "gzip" in accepted:
        content = file.packed
        headers["content-encoding"] = "gzip"
    return Response(content, headers=headers)
