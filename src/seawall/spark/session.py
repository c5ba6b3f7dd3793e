"""Open a session of Spark: Java, the driver's address, and what the product's stages need of the settings."""

from __future__ import annotations

import os
import shutil
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from pyspark.sql import SparkSession

from seawall_base.errors import MissingExtra, SystemUnsupported, UsageError

MASTERS: Final = ("local", "spark://", "yarn", "k8s://")
SETTINGS: Final[Mapping[str, str]] = {
    # a row may hold a hundred thousand events
    "spark.sql.execution.arrow.maxRecordsPerBatch": "16",
    # shelves are few, and each is work for a task
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.execution.pyspark.udf.faulthandler.enabled": "true",
    # rows are few and large: to compile programs for them takes longer than to interpret these
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}

_LOGGING: Final = Path(__file__).with_name("log4j2.properties")
_OWN_SETTINGS: Final = ("SPARK_CONF_DIR", "SPARK_HOME")
"""Variables of an installation of Spark, whose own settings say what it logs."""

_PLATFORM: Final = "DATABRICKS_RUNTIME_VERSION"

_HERE: Final = ("local", "spark://127.0.0.1:", "spark://localhost:")
"""Masters whose executors run on this machine."""

_DAEMON: Final = "seawall.spark.daemon"
_JAVA: Final = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""Options of the driver's Java on this machine: Java moves bytes here, which is not worth its second compiler."""

_GATEWAY: Final = "PYSPARK_GATEWAY_PORT"
"""Set by `spark-submit` for the program that it runs."""


@contextmanager
def use_session(master: str | None) -> Iterator[SparkSession]:
    """Open a session as `open_session` does, and end it after the block, unless it is that of a notebook or a platform."""
    is_lent = _PLATFORM in os.environ or SparkSession.getActiveSession() is not None
    session = open_session(master)
    try:
        yield session
    finally:
        if not is_lent:
            session.stop()


def open_session(master: str | None, *, name: str = "seawall") -> SparkSession:
    """Return a session, the running one if there is one. `master` is a URL of Spark, None for that of `spark-submit` or a
    platform, else all cores of this machine.

    A driver whose master is on this machine listens on 127.0.0.1 alone. Raises `UsageError`, `SystemUnsupported` and
    `MissingExtra`.
    """
    check_java()
    if find_spec("pandas") is None:
        raise MissingExtra("Spark needs the package pandas, which is not installed", extra="spark")
    # Spark asks for pandas and uses Arrow alone here
    warnings.filterwarnings(
        "ignore", message="PySpark does not yet fully support pandas", category=FutureWarning
    )
    builder = SparkSession.builder.appName(name)
    if master is None and not _is_given():
        master = "local[*]"
    if master is not None:
        if not master.startswith(MASTERS):
            raise UsageError(
                f"--master {master!r} is no master of Spark",
                fix="give local[4], spark://HOST:7077, yarn or k8s://URL",
            )
        builder = builder.master(master)
    if master is not None and master.startswith(_HERE):
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        # tasks on this machine run in this Python, and not in the first one on the path
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        for key in ("spark.driver.host", "spark.driver.bindAddress"):
            builder = builder.config(key, "127.0.0.1")
        builder = builder.config("spark.ui.enabled", "false")
        if not any(name in os.environ for name in _OWN_SETTINGS):
            options = f"{_JAVA} -Dlog4j2.configurationFile={_LOGGING.as_uri()}"
            builder = builder.config("spark.driver.extraJavaOptions", options)
    builder = builder.config("spark.ui.showConsoleProgress", "false")
    builder = builder.config("spark.python.daemon.module", _DAEMON)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


def _is_given() -> bool:
    """Return whether a platform or `spark-submit` gives the session or its master."""
    return _GATEWAY in os.environ or SparkSession.getActiveSession() is not None


def check_java() -> None:
    """Raise `SystemUnsupported` if there is no Java."""
    home = os.environ.get("JAVA_HOME")
    if not (home and os.access(Path(home, "bin", "java"), os.X_OK)) and shutil.which("java") is None:
        raise SystemUnsupported(
            "Spark needs Java 17 or newer, and there is none",
            fix="install it from your system's packages: apt-get install default-jre-headless",
        )


@contextmanager
def use_settings(session: SparkSession, tasks: int) -> Iterator[None]:
    """Set what the stages need of a session, and set it back: a notebook's session is also for other things."""
    wanted = {**SETTINGS, "spark.sql.shuffle.partitions": str(tasks)}
    before: dict[str, str | None] = {name: session.conf.get(name, None) for name in wanted}
    for name, value in wanted.items():
        session.conf.set(name, value)
    try:
        yield
    finally:
        for name, former in before.items():
            if former is None:
                session.conf.unset(name)
            else:
                session.conf.set(name, former)


def count_tasks(session: SparkSession, wanted: int | None) -> int:
    """Return the number of tasks of a stage: what was asked for, else the cores of the cluster."""
    return wanted or session.sparkContext.defaultParallelism


def count_slots(session: SparkSession) -> int:
    """Return how many tasks run at the same time, as a barrier stage needs.

    That is 1 where executors come and go with the work: Spark then has no barrier stages.
    """
    settings = session.sparkContext.getConf()
    if settings.get("spark.dynamicAllocation.enabled", "false") == "true":
        return 1
    return max(1, session.sparkContext.defaultParallelism // int(settings.get("spark.task.cpus") or 1))
