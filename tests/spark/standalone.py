"""A cluster of Spark on this machine: a master and workers as processes of their own, on the loopback address."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"
MASTER, WORKER = "org.apache.spark.deploy.master.Master", "org.apache.spark.deploy.worker.Worker"
EXECUTOR = b"CoarseGrainedExecutorBackend"


@dataclass(frozen=True, slots=True)
class StandaloneCluster:
    """A running cluster: its URL, and the processes of its workers."""

    url: str
    workers: tuple[int, ...]

    def list_executors(self) -> list[int]:
        """Return the processes of executors, which the workers started, in order."""
        found = []
        for place in Path("/proc").glob("[0-9]*"):
            try:
                parent = int((place / "stat").read_text("utf-8").rpartition(")")[2].split()[1])
                is_executor = EXECUTOR in (place / "cmdline").read_bytes()
            except OSError:
                continue
            if parent in self.workers and is_executor:
                found.append(int(place.name))
        return sorted(found)


@contextmanager
def start_cluster(place: Path, workers: int = 2) -> Iterator[StandaloneCluster]:
    """Start a master and workers of one core each; all end with the block."""
    import pyspark

    home = Path(pyspark.__file__).parent
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    url = f"spark://{HOST}:{port}"
    settings = {"SPARK_HOME": str(home), "SPARK_LOCAL_IP": HOST, "PYSPARK_PYTHON": sys.executable}
    environment = {**os.environ, **settings}
    commands = [[MASTER, "--host", HOST, "--port", str(port), "--webui-port", "0"]] + [
        [WORKER, "--host", HOST, "--cores", "1", "--memory", "2g", "--webui-port", "0",
         "--work-dir", str(place / f"worker-{number}"), url]
        for number in range(workers)
    ]  # fmt: skip
    with ExitStack() as ending:
        started = []
        for number, command in enumerate(commands):
            log = ending.enter_context((place / f"process-{number}.log").open("wb"))
            process = subprocess.Popen(
                [str(home / "bin" / "spark-class"), *command], env=environment, stdout=log, stderr=log
            )
            ending.callback(end_process, process)
            started.append(process)
        wait_for(place / "process-0.log", b"Registering worker", workers)
        yield StandaloneCluster(url, tuple(process.pid for process in started[1:]))


def wait_for(log: Path, text: bytes, times: int) -> None:
    """Wait until a log holds a text so many times."""
    deadline = time.monotonic() + 600
    while log.read_bytes().count(text) < times:
        assert time.monotonic() < deadline, log.read_text("utf-8")[-2_000:]
        time.sleep(0.2)


def end_process(process: subprocess.Popen[bytes]) -> None:
    """End a process, and wait until it has ended."""
    process.terminate()
    process.wait()
