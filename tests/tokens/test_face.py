"""The public face of `seawall_tokens`: every name is there, and none is loaded before it is asked for."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import seawall_tokens


def loaded_after(code: str) -> set[str]:
    """The modules of the kit, and the heavy ones of others, that a fresh interpreter holds after `code`."""
    script = f"import sys\n{code}\nprint(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return {
        name
        for name in done.stdout.split()
        if name.startswith("seawall_tokens") or name in {"cryptography", "gmpy2", "msgspec"}
    }


@pytest.mark.parametrize("name", seawall_tokens.__all__)
def test_every_name_is_there_and_comes_from_the_module_that_the_types_name(name: str) -> None:
    declared = {
        alias.name: node.module
        for node in ast.walk(ast.parse(Path(seawall_tokens.__file__).read_text("utf-8")))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert getattr(seawall_tokens, name) is getattr(sys.modules[str(declared[name])], name)
    assert name in dir(seawall_tokens)


def test_an_unknown_name_is_said_to_be_unknown() -> None:
    with pytest.raises(AttributeError, match=r"seawall_tokens.*no attribute 'verify_everything'"):
        _ = seawall_tokens.verify_everything


def test_the_package_alone_loads_nothing() -> None:
    assert loaded_after("import seawall_tokens") == {"seawall_tokens"}


def test_a_value_of_one_module_does_not_load_the_rest() -> None:
    found = loaded_after("import seawall_tokens.refusals.refusal")
    assert not {name for name in found if ".verify" in name or ".policy" in name or name == "cryptography"}


def test_the_conformance_kit_is_loaded_without_a_verifier() -> None:
    found = loaded_after("from seawall_tokens.conformance import Verifier; Verifier")
    kinds = {name.split(".")[1] for name in found if "." in name}
    assert kinds == {"conformance"}
