#!/usr/bin/env bash
# Writes the lock files from pyproject.toml: every package pinned, with hashes, for all platforms. Needs uv.
set -euo pipefail
cd "$(dirname "$0")/.."
options=(--quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --python-version 3.11 --no-annotate)
own=(--no-emit-package seawall --no-emit-package seawall-base --no-emit-package seawall-tokens)
printf 'hatchling>=1.27\neditables>=0.5\nnodejs-wheel-binaries>=24,<25\n' |
  uv pip compile "${options[@]}" "${own[@]}" --extra all --output-file requirements/product.lock pyproject.toml -
# Where pandas is installed, pyarrow imports it in every process: 0.25 s and 60 MB. It lies beside, for the tests of Spark alone.
printf 'pandas>=2.2,<3\n' | uv pip compile "${options[@]}" --no-deps -c requirements/product.lock --output-file requirements/pandas.lock -
uv pip compile "${options[@]}" "${own[@]}" --no-emit-package pandas --all-extras --group dev --group peers -c requirements/product.lock \
  --output-file requirements/development.lock pyproject.toml
# What a container image needs besides, for PostgreSQL and groups of workers.
printf 'confluent-kafka>=2.12\npsycopg>=3.2\npsycopg-binary>=3.2\n' |
  uv pip compile "${options[@]}" --no-deps -c requirements/development.lock --output-file requirements/cluster.lock -
uv pip compile "${options[@]}" --group docs -c requirements/development.lock --output-file requirements/docs.lock
