"""What holds for every test: property tests have no deadline for one example, because machines are busy at times."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("project", deadline=None)
settings.load_profile("project")
