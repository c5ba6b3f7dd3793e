"""A table that is declared as a class: values with their types, or every fault with its line and a fix."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import pytest

from seawall_base.errors import UsageError
from seawall_base.settings_document import LARGEST, read_toml
from seawall_base.settings_reader import SettingsErrors
from seawall_base.settings_table import SettingDescription, load_table, settings_of
from seawall_base.settings_values import form, number


def check_sizes(tree: Any) -> Iterator[tuple[str, str, str]]:
    if tree.height < tree.girth:
        yield "girth", "is more than the height", "measure again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    CHECKS: ClassVar = (check_sizes,)

    name: Annotated[
        str, SettingDescription("what it is called", form("[A-Za-z]+", '"Oak"'), unique=str.casefold)
    ]
    height: Annotated[float, SettingDescription("in metres", number(float, 0.1, 150))] = 1.0
    girth: Annotated[float, SettingDescription("in metres")] = 0.5
    kind: Annotated[Literal["leaf", "needle"], SettingDescription("what it carries")] = "leaf"
    picture: Annotated[Path | None, SettingDescription("a file")] = None
    note: Annotated[str, SettingDescription("a file", is_file=True)] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    since: Annotated[datetime | None, SettingDescription("when it was bought")] = None
    is_public: Annotated[bool, SettingDescription("whether others may enter")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Wood:
    owner: Annotated[Owner, SettingDescription("who has it")]
    tree: Annotated[tuple[Tree, ...], SettingDescription("what stands there")] = ()
    past: Annotated[dict[str, Owner], SettingDescription("who had it, by name")] = field(default_factory=dict)
    paths: Annotated[tuple[str, ...], SettingDescription("how one comes in")] = ("gate",)
    seen: int = 0
    """No setting: it has no meaning."""


def load(path: Path, text: str | bytes) -> Wood:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_table(Wood, path, UsageError, give="give a wood", described="see the woods")


def faults_of(path: Path, text: str | bytes) -> list[str]:
    with pytest.raises(UsageError) as refused:
        load(path, text)
    assert refused.value.fix
    return [line.replace(str(path.parent), "") for line in str(refused.value).split("\n")]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "wood.toml"


def test_values_have_their_types_and_files_their_folder(file: Path) -> None:
    found = load(
        file,
        """paths = []
[owner]
since = 2026-01-31T12:00:00Z
[past.anna]
is_public = true
[[tree]]
name = " Oak "
height = 20
kind = "leaf"
picture = "oak.png"
note = "oak.txt"
[[tree]]
name = "Fir"
note = ""
""",
    )
    assert found == Wood(
        owner=Owner(since=datetime(2026, 1, 31, 12, tzinfo=UTC)),
        tree=(
            Tree(name="Oak", height=20, picture=file.parent / "oak.png", note=str(file.parent / "oak.txt")),
            Tree(name="Fir"),
        ),
        past={"anna": Owner(is_public=True)},
        paths=(),
    )


def test_every_fault_of_a_file_is_said_at_once_with_line_and_fix(file: Path) -> None:
    assert faults_of(
        file,
        """paths = ["a", 1]
wolves = 3
[past]
anna = 1
[past.ben]
is_public = "yes"
[[tree]]
name = "Oak"
height = 0
girth = 2
[[tree]]
name = "OAK"
kind = "stone"
[[tree]]
height = 1
girth = 2
[[tree]]
name = "secret/value"
note = 7
""",
    ) == [
        '/wood.toml:1: paths: is a number where a text is needed; write it in quotes: "..."',
        "/wood.toml:1: owner: is missing; add [owner]: who has it",
        "/wood.toml:2: wolves: is not a setting; known here: owner, past, paths, tree",
        "/wood.toml:4: anna: is a number where a table is needed; write [past.anna]",
        "/wood.toml:6: is_public: is a text where true or false is needed; write true or false without quotes",
        "/wood.toml:9: height: 0 does not lie between 0.1 and 150; write a number in that range",
        "/wood.toml:12: name: 'oak' is also that of the table on line 7; keep one of them",
        "/wood.toml:13: kind: 'stone' is not possible; write one of: leaf, needle",
        "/wood.toml:14: name: is missing; set name in [[tree]]: what it is called",
        "/wood.toml:16: girth: is more than the height; measure again",
        '/wood.toml:18: name: has the wrong form; write it as "Oak"',
        '/wood.toml:19: note: is a number where a text is needed; write it in quotes: "..."',
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("owner = 1", "1: owner: is a number where a table is needed; write [owner]"),
        ("[[owner]]", "1: owner: is an array where a table is needed; write [owner]"),
        ("[owner]\n[tree]", "2: tree: is one table where there may be several; write [[tree]]"),
        ("tree = 1\n[owner]", "1: tree: is a number where tables are needed; write [[tree]]"),
        ("tree = [1]\n[owner]", "1: tree: is a number where a table is needed; write [[tree]]"),
        ("past = 1\n[owner]", "1: past: is a number where tables are needed; write [past.NAME]"),
        ("[owner]\nsince = 2026-01-31", "2: since: is a date or time where a day with a time is needed; write it with"),
        ("[owner]\nsince = 2026-01-31T00:00:00", "2: since: names no offset from UTC; write it with its offset"),
        ("seen = 1\n[owner]", "1: seen: is not a setting; known here: owner, past, paths, tree"),
        ("[owner]\n[[tree]]\nname = 'a'\nkind = 0x" + "f" * 5000, "4: kind: a value with a very large number is not"),
        ('[owner]\n"a\\u202e" = 1', "2: 'a\\u202e': is not a setting; known here: is_public, since"),
        ("x = ", "1: Invalid value"),
        ("x = " + "[" * 5000, "1: is nested too deep"),
        (b"# \n# \xe4\n", "2: is not UTF-8"),
        (b"#" * (LARGEST + 1), "1: is larger than 4,194,304 bytes"),
    ],
)  # fmt: skip
def test_what_has_the_wrong_shape(file: Path, text: str | bytes, fault: str) -> None:
    (line,) = faults_of(file, text)
    assert line.startswith(f"/wood.toml:{fault}")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"absent\.toml cannot be read: No such file") as refused:
        read_toml(tmp_path / "absent.toml", UsageError, give="give a wood", described="see the woods")
    assert refused.value.fix == "give a wood"


def test_what_a_class_declares_is_listed_for_the_pages() -> None:
    assert [(one.name, one.kind, one.is_needed, one.shape) for one in settings_of(Wood)] == [
        ("owner", "table", True, "table"),
        ("tree", "tables", False, "tables"),
        ("past", "named tables", False, "named tables"),
        ("paths", "texts", False, "value"),
    ]
    assert [one.kind for one in settings_of(Tree)] == ["text", "number", "number", "word", "path", "path"]


def test_a_fault_is_one_line_whatever_the_name_of_a_file_holds() -> None:
    faults = SettingsErrors("wood.toml", {}, UsageError, "see the woods")
    faults.add(("key",), "a\nb\u202e: cannot be read", "chmod 600 a\nb")
    assert faults.found == [(1, "wood.toml:1: key: a\\nb\\u202e: cannot be read; chmod 600 a\\nb")]
