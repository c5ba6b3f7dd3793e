"""The built pages: small, whole, nothing inline, nothing from elsewhere, nothing that makes code of text."""

from __future__ import annotations

import gzip
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tools.build_console import BuildFailed, build, bundle_of, is_built

ROOT = Path(__file__).parents[3]
SOURCES = ROOT / "console" / "src"
LARGEST = 300_000
KNOWN_ADDRESSES = (
    "http://www.w3.org/",  # names of SVG, MathML and XLink
    "https://react.dev/errors/",  # in the text of React's own errors
)


@pytest.fixture(scope="module")
def bundle() -> Path:
    if not is_built(ROOT):
        try:
            build(ROOT, lambda _: None)
        except BuildFailed as error:
            pytest.skip(f"the console's pages could not be built here: {str(error).splitlines()[0]}")
    return bundle_of(ROOT)


class Seen(HTMLParser):
    """What of a page could run or be fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.inline: list[str] = []
        self.addresses: list[str] = []
        self._open = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open = tag
        for name, value in attrs:
            if name == "style" or name.startswith("on"):
                self.inline.append(f"{tag} {name}")
            if name in {"src", "href"} and value is not None:
                self.addresses.append(value)

    def handle_data(self, data: str) -> None:
        if self._open in {"script", "style"} and data.strip():
            self.inline.append(f"{self._open}: {data.strip()[:40]}")


def code(bundle: Path) -> list[Path]:
    return sorted(path for path in bundle.rglob("*") if path.suffix in {".js", ".css"})


def test_all_code_together_is_small(bundle: Path) -> None:
    total = sum(len(gzip.compress(path.read_bytes(), 9)) for path in code(bundle))
    assert 0 < total <= LARGEST, f"{total} bytes of JavaScript and CSS, compressed"


def test_the_page_holds_no_code_and_fetches_from_here_alone(bundle: Path) -> None:
    seen = Seen()
    seen.feed((bundle / "index.html").read_text(encoding="utf-8"))
    assert seen.inline == []
    assert seen.addresses
    for address in seen.addresses:
        assert re.fullmatch(r"/[A-Za-z0-9_./-]+", address), address
        assert (bundle / address.lstrip("/")).is_file(), address


def test_no_address_of_elsewhere(bundle: Path) -> None:
    found = [
        f"{path.name}: {address}"
        for path in code(bundle)
        for address in re.findall(
            r"(?:https?:)?//[a-z0-9-]+\.[a-z][^\s\"'`)]*", path.read_text(encoding="utf-8")
        )
        if not address.startswith(KNOWN_ADDRESSES)
    ]
    assert found == []


def test_text_never_becomes_code(bundle: Path) -> None:
    for path in code(bundle):
        assert not re.search(
            r"\beval\(|new Function\(|\bimportScripts\(", path.read_text(encoding="utf-8")
        ), path.name
    ways = re.compile(
        r"dangerouslySetInnerHTML|\.(inner|outer)HTML|insertAdjacentHTML|document\.write|srcdoc|javascript:"
    )
    for path in sorted(SOURCES.rglob("*.ts*")):
        assert not ways.search(path.read_text(encoding="utf-8")), path.name


def test_nothing_of_development_is_inside(bundle: Path) -> None:
    names = {path.suffix for path in bundle.rglob("*") if path.is_file()}
    assert names <= {".html", ".js", ".css", ".svg", ".woff2", ".sha256"}
    assert not any("sourceMappingURL" in path.read_text(encoding="utf-8") for path in code(bundle))
