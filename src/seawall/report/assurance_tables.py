"""Write every granted sign-in and every mail session with its strength as Parquet tables."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from seawall.detection.authentication_strength.assess import Assessment
from seawall.detection.authentication_strength.sessions import ROOTS
from seawall.detection.authentication_strength.strength import (
    FLAG_WORDS,
    LEVEL_WORDS,
    METHOD_NAMES,
    RESISTANT,
)
from seawall.events.access_policy import PATHS
from seawall.events.coded_batch import Codes
from seawall_base import private_files
from seawall_base.errors import OutputUnwritable

SIGN_INS, SESSIONS = "sign_ins.parquet", "mail_sessions.parquet"
TABLES = (SIGN_INS, SESSIONS)


def write_tables(folder: Path, result: Assessment) -> None:
    """Write both tables into an existing folder. Raises OutputUnwritable."""
    for name, table in ((SIGN_INS, sign_ins_table(result)), (SESSIONS, sessions_table(result))):
        try:
            os.close(
                private_files.open_for_writing(folder / name)
            )  # creates it with mode 0600, which pyarrow keeps
            pq.write_table(table, folder / name)
        except OSError as error:
            raise OutputUnwritable(
                f"cannot write {folder / name}: {error.strerror or error}",
                fix="choose another folder with --out",
            ) from error


def sign_ins_table(result: Assessment) -> pa.Table:
    """Return one row for each granted sign-in, ordered by time, with its strength, record id and session."""
    signs = result.signs
    rows = np.flatnonzero(signs.is_granted)
    flags = signs.flags[rows]
    marks = {
        value: ", ".join(words for flag, words in FLAG_WORDS.items() if value & flag)
        for value in set(flags.tolist())
    }
    session = signs.session[rows]
    return pa.table(
        {
            "time": _times(signs.time[rows]),
            "account": _accounts(signs.actor[rows], result),
            "record": signs.uid.take(pa.array(rows)),
            "level": _words(signs.level[rows], LEVEL_WORDS),
            "phishing_resistant": pa.array(signs.level[rows] == RESISTANT),
            "assurance_level": pa.array(signs.aal[rows], mask=signs.aal[rows] == 0),
            "method": _words(signs.method[rows], METHOD_NAMES),
            "marks": pa.array([marks[value] for value in flags.tolist()], pa.string()),
            "path": _words(signs.path[rows], PATHS),
            "session": pa.array(session, mask=session == 0),
        }
    )


def sessions_table(result: Assessment) -> pa.Table:
    """Return one row for each mail session: its root, counts of records and messages, and a record id."""
    mail = result.roots.sessions
    return pa.table(
        {
            "account": _accounts(mail.actor, result),
            "session": pa.array(mail.session, pa.uint64(), mask=mail.session == 0),
            "root": _words(result.roots.root, ROOTS),
            "records": pa.array(mail.records),
            "messages": pa.array(mail.messages),
            "first": _times(mail.first),
            "last": _times(mail.last),
            "record": pa.array(mail.uid, pa.string()),
        }
    )


def _times(values: np.ndarray) -> pa.Array:
    return pa.array(values.astype("datetime64[us]"), pa.timestamp("us", "UTC"))


def _words(codes: np.ndarray, words: Sequence[str]) -> pa.Array:
    """Return the word of each code, null for a negative code."""
    numbers = pa.array(codes.astype(np.int32), mask=codes < 0)
    return pa.DictionaryArray.from_arrays(numbers, pa.array(list(words))).dictionary_decode()


def _accounts(actors: Codes, result: Assessment) -> pa.Array:
    names: Mapping[int, str] = {person.actor: person.account for person in result.people}
    return pa.array([names.get(actor, "") for actor in actors.tolist()], pa.string())
