"""The program of a Spark job: `spark-submit job.py LOGS OUT`, or the Python file of a job on Databricks, Fabric and Synapse.

LOGS and OUT are folders that the driver and all executors have mounted under the same name. Every executor has
`seawall[spark]` installed in the same version. The session is the one that the platform gives.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from seawall.spark import SparkSettings, open_session, scan

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("logs", type=Path, nargs="+")
parser.add_argument("out", type=Path)
parser.add_argument("--shelves", type=int, default=64, help="fixed by the first scan into OUT")
parser.add_argument("--tasks", type=int, help="tasks of a stage; the cores of the cluster unless given")
chosen = parser.parse_args()

result = scan(
    chosen.logs,
    chosen.out,
    session=open_session(None),
    settings=SparkSettings(shelves=chosen.shelves, partitions=chosen.tasks),
)
raised = sum(incident.raised for incident in result.incidents)
print(
    f"{result.summary['records']:,} records, {raised} of {len(result.incidents)} incidents raised: {chosen.out}"
)
