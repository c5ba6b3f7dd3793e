"""The files of the service for systemd: what stands in them, and where they go."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Final

from seawall_base.errors import OutputUnwritable, UsageError

if TYPE_CHECKING:
    from seawall.cli.configuration.tables import ServiceConfiguration

MARK: Final = "# Written by `seawall service install"
"""How every file begins that `install` may replace and `uninstall` may delete."""

STATE: Final = Path("/var/lib/seawall")
HOMES: Final = (Path("/home"), Path("/root"), Path("/run/user"))
UNIT: Final = Path("etc/systemd/system/seawall.service")
OTHERS: Final = {
    Path("etc/sysusers.d/seawall.conf"): "seawall.sysusers",
    Path("etc/tmpfiles.d/seawall.conf"): "seawall.tmpfiles",
}
MODE: Final = 0o644


def default_settings(*, for_user: bool) -> Path:
    """Return the settings file that the service reads unless told otherwise."""
    return Path.home() / ".config/seawall/seawall.toml" if for_user else Path("/etc/seawall/seawall.toml")


def places(root: Path, *, for_user: bool) -> list[Path]:
    """Return where the files of the service are."""
    if for_user:
        return [Path.home() / ".config/systemd/user/seawall.service"]
    return [root / path for path in (UNIT, *OTHERS)]


def program_path() -> Path:
    """Return the path of this program, as systemd can start it."""
    called = Path(sys.argv[0])
    beside = Path(sys.executable).with_name("seawall")
    return called.resolve() if called.name == "seawall" and called.is_file() else beside


def write_units(
    root: Path, program: Path, settings: Path, configuration: ServiceConfiguration | None, *, for_user: bool
) -> dict[Path, str]:
    """Return the content of each file of the service, by its place. Raises `UsageError` for a path that systemd cannot take."""
    words = {"@PROGRAM@": _quote(program), "@CONFIG@": _quote(settings.absolute())}
    if for_user:
        return dict.fromkeys(places(root, for_user=True), _fill("seawall-user.service", words))
    needed = [] if configuration is None else [configuration.store.parent, configuration.collected.parent]
    read = [program, settings.absolute()] + ([] if configuration is None else list(configuration.folders()))
    outside = sorted({str(path.absolute()) for path in needed if not path.absolute().is_relative_to(STATE)})
    words["@PATHS@"] = "".join(
        f"ReadWritePaths={_quote(Path(path), minus=True)}\n" for path in outside
    ).rstrip()
    words["@HOME@"] = "read-only" if _is_in_a_home([*needed, *read]) else "yes"
    files = {root / UNIT: _fill("seawall.service", words)}
    return files | {root / place: _fill(name, {}) for place, name in OTHERS.items()}


def _is_in_a_home(paths: Iterable[Path]) -> bool:
    return any(path.absolute().is_relative_to(home) for path in paths for home in HOMES)


def _fill(name: str, words: dict[str, str]) -> str:
    text = resources.files("seawall.cli.service").joinpath("units", name).read_text("utf-8")
    for word, value in words.items():
        text = text.replace(word, value)
    return text


def _quote(path: Path, *, minus: bool = False) -> str:
    """Return a path as systemd reads it back: in quotes, with its escapes. `minus` lets the path be missing."""
    text = str(path)
    if not text.isprintable() or not path.is_absolute():
        raise UsageError(
            f"{text!r} cannot stand in a unit of systemd", fix="choose an absolute path in plain text"
        )
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    plain = escaped == text and not set(text) & set(" \t';")
    return f"{'-' if minus else ''}{escaped}" if plain else f'"{"-" if minus else ""}{escaped}"'


def put_file(path: Path, text: str) -> None:
    """Write one file of the service. Raises `OutputUnwritable` if a file of somebody else is there, or on any failure."""
    try:
        if path.is_symlink() or (path.exists() and not _is_ours(path)):
            raise OutputUnwritable(
                f"{path} was not written by Seawall", fix="move it away, or keep it and install nothing"
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        path.chmod(MODE)
    except OSError as error:
        raise OutputUnwritable(
            f"{path}: {error.strerror}", fix="run this as root, or with --user for yourself"
        ) from None


def remove_file(path: Path) -> bool:
    """Delete one file of the service; return whether it was there. Raises as `put_file`."""
    try:
        if not path.exists():
            return False
        if path.is_symlink() or not _is_ours(path):
            raise OutputUnwritable(
                f"{path} was not written by Seawall", fix="delete it by hand if it is not needed"
            )
        path.unlink()
    except OSError as error:
        raise OutputUnwritable(f"{path}: {error.strerror}", fix="run this as root, or with --user") from None
    return True


def _is_ours(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(MARK)) == MARK.encode()
