"""Parse listen addresses (host and port, or the path of a UNIX socket), and check that they are free."""

from __future__ import annotations

import ipaddress
import re
import socket
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_UNIX: Final = "unix:"
_HOST_AND_PORT: Final = re.compile(r"(?:\[([^\[\]]+)\]|([^\[\]:]+)):([0-9]+)")


class ListenAddressInvalid(ValueError):
    """The text is no listen address, or a server cannot listen there. The message says which, and names no option."""


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """Hold where a server listens: `host` and `port`, or the `path` of a UNIX socket, which leaves both unused."""

    host: str = ""
    port: int = 0
    path: Path | None = None

    @property
    def is_loopback(self) -> bool:
        """Return whether only this machine can connect.

        A host name gives False, unless it is `localhost`: it may resolve to any address.
        """
        if self.path is not None or self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def host_from_here(self) -> str:
        """Return the host by which this machine reaches the server: a loopback address if the server listens on all addresses."""
        try:
            address = ipaddress.ip_address(self.host)
        except ValueError:
            return self.host
        if not address.is_unspecified:
            return self.host
        return "127.0.0.1" if address.version == 4 else "::1"

    def __str__(self) -> str:
        if self.path is not None:
            return f"{_UNIX}{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_listen_address(text: str) -> ListenAddress:
    """Parse `127.0.0.1:8087`, `[::1]:8087`, `name:8087` or `unix:/path`. Raises `ListenAddressInvalid`."""
    if text.startswith(_UNIX) and len(text) > len(_UNIX):
        return ListenAddress(path=Path(text.removeprefix(_UNIX)))
    found = _HOST_AND_PORT.fullmatch(text)
    if found is None:
        raise ListenAddressInvalid(f"{text!r} is no address to listen on")
    port = int(found[3]) if len(found[3]) <= 5 else 0
    if not 0 < port < 65536:
        raise ListenAddressInvalid(f"{text!r}: there is no such port, ports are 1 to 65535")
    return ListenAddress(found[1] or found[2], port)


def check_free(address: ListenAddress) -> None:
    """Raise `ListenAddressInvalid` if another program listens there; remove a socket file that no program listens on."""
    if address.path is not None:
        _check_free_path(address.path)
        return
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address.host, address.port))
    except OSError as error:
        raise ListenAddressInvalid(f"cannot listen on {address}: {error.strerror or error}") from None


def find_free_port(host: str = "127.0.0.1") -> int:
    """Return a port of an IPv4 address of this machine on which no program listens now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
    return port


def _check_free_path(path: Path) -> None:
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise ListenAddressInvalid(f"{path} is there and is no socket")
    except FileNotFoundError:
        if not path.parent.is_dir():
            raise ListenAddressInvalid(f"{path.parent} is no folder") from None
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
        except OSError as error:
            raise ListenAddressInvalid(f"cannot listen on {path}: {error.strerror}") from None
    raise ListenAddressInvalid(f"somebody listens on {path} already")
