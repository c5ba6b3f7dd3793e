"""The wheel's build hook: the pages of the documentation and of the console go into the package; Node comes from PyPI."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface[Any]):
    """Runs `tools/build_console.py`, which the source distribution carries."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the documentation and build the console's pages for a wheel. An editable install reads `docs`, and builds the
        console's pages with `make console`.

        Without Node or the npm registry the wheel has no pages, unless `SEAWALL_CONSOLE=required`, as for a release.
        """
        if version == "editable":
            return
        for part in ("tutorials", "how-to", "reference", "explanation"):
            build_data["force_include"][str(Path(self.root) / "docs" / part)] = (
                f"seawall/documentation/{part}"
            )
        path = Path(self.root) / "tools" / "build_console.py"
        spec = importlib.util.spec_from_file_location("build_console", path)
        if spec is None or spec.loader is None:
            raise RuntimeError(f"{path} is missing: build from a checkout or a whole source distribution")
        module = importlib.util.module_from_spec(spec)
        sys.modules["build_console"] = module
        spec.loader.exec_module(module)
        try:
            module.build(Path(self.root), self.app.display_info)
        except module.BuildFailed as error:
            if os.environ.get("SEAWALL_CONSOLE") == "required":
                raise
            self.app.display_warning(f"this build has no pages of the console, all else works: {error}")
            return
        build_data["artifacts"].append("/src/seawall/console/bundle/")
