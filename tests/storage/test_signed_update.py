"""An update is used only if a trusted key signed exactly these bytes; whatever else happens, nothing changes."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from tools.sign_update import make_update

from seawall.storage.errors import UpdateRefused
from seawall.storage.files import signed_update
from seawall.storage.files.signed_update import CONTEXT, MANIFEST, SIGNATURE, install_update, installed_number
from seawall_base.errors import ArtefactInvalid, OutputUnwritable

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
TRUSTED = [KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)]
RULE = "title: one\n"


def update(folder: Path, number: int = 1, files: dict[str, str] | None = None) -> Path:
    source, out = folder / f"source-{number}", folder / f"{number}.zip"
    for name, text in (files or {"rules/one.yml": RULE}).items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text)
    make_update(source, number, "2026-11-30", KEY, out)
    return out


def seen(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()
    }


def signed(out: Path, manifest: object, members: dict[str, bytes]) -> Path:
    """An update with a manifest of one's own, rightly signed: what a publisher's mistake, or its stolen key, could send."""
    content = manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(MANIFEST, content)
        archive.writestr(SIGNATURE, KEY.sign(CONTEXT + content))
        for name, data in members.items():
            archive.writestr(name, data)
    return out


def test_a_signed_update_is_in_use_and_the_next_one_follows(tmp_path: Path) -> None:
    folder = tmp_path / "updates"
    assert installed_number(folder) == 0
    for number in (1, 2, 3):
        installed = install_update(update(tmp_path, number), TRUSTED, folder)
        assert (installed.number, installed_number(folder)) == (number, number)
        assert seen(folder / "current") == {"rules/one.yml": RULE}
    assert sorted(path.name for path in folder.iterdir()) == ["2", "3", "current"]
    assert (folder / "3/rules/one.yml").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("number", [1, 2])
def test_an_old_update_does_not_come_back(tmp_path: Path, number: int) -> None:
    folder = tmp_path / "updates"
    install_update(update(tmp_path, 2), TRUSTED, folder)
    archive = update(tmp_path / "again", number)
    with pytest.raises(UpdateRefused, match="installed"):
        install_update(archive, TRUSTED, folder)
    assert installed_number(folder) == 2


@pytest.mark.parametrize(
    "keys", [[], [b""], [b"x" * 32], [STRANGER.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)]]
)
def test_only_a_trusted_key_counts(tmp_path: Path, keys: list[bytes]) -> None:
    with pytest.raises(UpdateRefused, match="not signed by a key that you trust"):
        install_update(update(tmp_path), keys, tmp_path / "updates")
    assert not (tmp_path / "updates").exists()


def test_a_signature_of_something_else_does_not_fit(tmp_path: Path) -> None:
    archive = tmp_path / "u.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        content = json.dumps({"format": 1, "number": 1, "made": "", "files": {}}).encode()
        opened.writestr(MANIFEST, content)
        opened.writestr(SIGNATURE, KEY.sign(content))
    with pytest.raises(UpdateRefused, match="not signed"):
        install_update(archive, TRUSTED, tmp_path / "updates")


@given(st.data())
def test_no_changed_byte_gets_through(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Either the update is refused, or what is installed is exactly what was signed."""
    place = tmp_path_factory.mktemp("update")
    content = bytearray(update(place, 1).read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    (place / "changed.zip").write_bytes(bytes(content))
    try:
        install_update(place / "changed.zip", TRUSTED, place / "updates")
    except UpdateRefused:
        assert installed_number(place / "updates") == 0
    else:
        assert seen(place / "updates/current") == {"rules/one.yml": RULE}


def described(**more: object) -> dict[str, object]:
    return {
        "format": 1,
        "number": 1,
        "made": "",
        "files": {"rules/a.yml": {"size": 1, "sha256": "0" * 64}},
        **more,
    }


@pytest.mark.parametrize(
    ("manifest", "members"),
    [
        (b"[", {}),
        (described(format=2), {"rules/a.yml": b"x"}),
        (described(number=0), {"rules/a.yml": b"x"}),
        (described(), {}),
        (described(), {"rules/a.yml": b"x", "rules/b.yml": b"x"}),
        (described(), {"rules/a.yml": b"x"}),
        (described(), {"rules/a.yml": b"xx" * 5_000_000}),
        (described(files={"../a.yml": {"size": 1, "sha256": ""}}), {"../a.yml": b"x"}),
        (described(files={"rules/../../a.yml": {"size": 1, "sha256": ""}}), {"rules/../../a.yml": b"x"}),
        (described(files={"/rules/a.yml": {"size": 1, "sha256": ""}}), {"/rules/a.yml": b"x"}),
        (described(files={"rules/a.py": {"size": 1, "sha256": ""}}), {"rules/a.py": b"x"}),
        (described(files={"rules/a.yml": {"size": 1 << 40, "sha256": ""}}), {"rules/a.yml": b"x"}),
        (described(files={"rules/a.yml": {"size": -1, "sha256": ""}}), {"rules/a.yml": b"x"}),
        (described(surplus=1), {"rules/a.yml": b"x"}),
    ],
)
def test_even_a_signed_update_may_hold_only_what_it_names(
    tmp_path: Path, manifest: object, members: dict[str, bytes]
) -> None:
    archive = signed(tmp_path / "u.zip", manifest, members)
    with pytest.raises(UpdateRefused):
        install_update(archive, TRUSTED, tmp_path / "in/updates")
    assert seen(tmp_path / "in") == {}


@pytest.mark.parametrize("content", [b"", b"PK", b"no zip at all" * 100])
def test_what_is_no_update_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "u.zip").write_bytes(content)
    with pytest.raises(UpdateRefused):
        install_update(tmp_path / "u.zip", TRUSTED, tmp_path / "updates")
    with pytest.raises(UpdateRefused):
        install_update(tmp_path / "nowhere.zip", TRUSTED, tmp_path / "updates")


def _refuse(_: Path) -> None:
    raise ArtefactInvalid("cannot be read", fix="")


def _break(_: Path) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(("check", "error"), [(_refuse, ArtefactInvalid), (_break, OutputUnwritable)])
def test_what_cannot_be_used_is_not_put_in_use(
    tmp_path: Path, check: Callable[[Path], None], error: type[Exception]
) -> None:
    folder = tmp_path / "updates"
    install_update(update(tmp_path, 1), TRUSTED, folder)
    with pytest.raises(error):
        install_update(update(tmp_path, 2), TRUSTED, folder, check)
    assert installed_number(folder) == 1
    assert sorted(path.name for path in folder.iterdir()) == ["1", "current"]


def test_an_update_has_so_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signed_update, "MOST_FILES", 1)
    archive = update(tmp_path, 1, {"rules/a.yml": RULE, "rules/b.yml": RULE})
    with pytest.raises(UpdateRefused, match="too many files"):
        install_update(archive, TRUSTED, tmp_path / "updates")
