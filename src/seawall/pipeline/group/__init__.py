"""Run a watch as a group of workers: each scores the partitions of a topic that it holds leases of."""
