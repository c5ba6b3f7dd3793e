"""What a user can sign in with, and whether it is enough."""

from __future__ import annotations

from seawall.store.database import User, Work


def lacks_second_factor(work: Work, user: User) -> bool:  # noqa: ARG001 - the tables of factors follow
    """Whether a user has nothing but a password."""
    return False
