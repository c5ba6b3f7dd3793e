#!/usr/bin/env bash
# Submit a scan to a cluster of Spark: submit.sh MASTER LOGS --out OUT [options of seawall spark scan]. Driver and executors have
# LOGS and OUT mounted under the same names, and a Python environment with seawall[spark] at $SEAWALL_PYTHON. Not tested here with
# a cluster.
set -euo pipefail
master=$1
shift
python=${SEAWALL_PYTHON:-python3}
export PYSPARK_PYTHON=$python PYSPARK_DRIVER_PYTHON=$python
exec spark-submit \
  --master "$master" \
  --name seawall \
  --conf spark.executor.memory="${SEAWALL_EXECUTOR_MEMORY:-2g}" \
  --conf spark.executor.memoryOverhead="${SEAWALL_PYTHON_MEMORY:-4g}" \
  --conf spark.sql.adaptive.enabled=false \
  "$(dirname "$0")/job.py" "$@"
