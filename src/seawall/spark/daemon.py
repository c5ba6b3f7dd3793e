"""The process from which Spark forks the Pythons of its tasks: it loads the product once, so that each of them has it.

Run by Spark as `python -m seawall.spark.daemon pyspark.worker`.
"""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module

from pyspark import daemon

from seawall.spark import worker


def main() -> None:
    """Load what tasks need, then serve as Spark's own daemon does."""
    # what fails here fails again in a task, which can say so
    with suppress(Exception):
        load()
    daemon.manager()


def load() -> None:
    """Import the stages, and load the rules that ship, their ranker and the table of networks."""
    for name in ("scoring", "deciding", "sources"):
        import_module(f"seawall.spark.{name}")
    worker.get_rules((), with_pack=True)
    worker.get_networks(())
    worker.get_ranker()


if __name__ == "__main__":
    main()
