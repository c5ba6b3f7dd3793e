"""Collect all test cases in order, and select some of them."""

from __future__ import annotations

from functools import cache

from seawall_base.errors import UsageError
from seawall_tokens.conformance.case import Case, Family


@cache
def families() -> tuple[Family, ...]:
    """Return every family. Case names are unique across families."""
    from seawall_tokens.conformance.families import (
        algorithm,
        binding,
        claims,
        documents,
        dpop,
        form,
        header,
        issuer,
        key_fitness,
        key_state,
        kind,
        mtls,
        renewal,
        revocation,
        signature,
        step_up,
        time,
    )

    modules = (
        form,
        documents,
        algorithm,
        signature,
        header,
        binding,
        key_state,
        key_fitness,
        kind,
        issuer,
        claims,
        time,
        revocation,
        dpop,
        mtls,
        renewal,
        step_up,
    )
    return tuple(module.FAMILY for module in modules)


BASELINE = "form-sound"
"""The valid token that every verifier must accept; it needs no capability."""


def with_baseline(chosen: tuple[Case, ...]) -> tuple[Case, ...]:
    """Return `chosen`, preceded by `BASELINE` if none of the cases must be accepted.

    Without a valid token, a verifier that refuses or crashes on everything would pass.
    """
    if any(not case.is_hostile and not case.needs for case in chosen):
        return chosen
    return (*cases((BASELINE,)), *chosen)


def cases(only: tuple[str, ...] = (), leave_out: tuple[str, ...] = ()) -> tuple[Case, ...]:
    """Return the cases of the named families or cases, or all, without those in `leave_out`.

    Raises `UsageError` for an unknown name, and if nothing is left.
    """
    every = tuple(case for family in families() for case in family.cases)
    known = {name for case in every for name in (case.name, case.family)}
    unknown = [name for name in (*only, *leave_out) if name not in known]
    if unknown:
        raise UsageError(
            f"no such family or case: {', '.join(unknown)}",
            fix=f"families are {', '.join(family.name for family in families())}; --list names every case",
        )
    chosen = tuple(
        case
        for case in every
        if (not only or case.name in only or case.family in only)
        and case.name not in leave_out
        and case.family not in leave_out
    )
    if not chosen:
        raise UsageError("--only and --except leave no case", fix="name fewer families or cases in --except")
    return chosen
