"""The program of a Spark job: its arguments are those of `seawall spark scan`, such as `job.py LOGS --out OUT --shelves 512`.

For `spark-submit`, and as the Python file of a job on Databricks, Fabric and Synapse. Logs and results are folders that the
driver and all executors have mounted under the same name; every executor has `seawall[spark]` in the same version.
"""

from __future__ import annotations

import sys

from seawall.cli.main import main

if __name__ == "__main__":
    code = main(["spark", "scan", *sys.argv[1:]])
    if code:  # platforms take any SystemExit for a failure
        sys.exit(code)
