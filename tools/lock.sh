#!/usr/bin/env bash
# Writes the lock files from pyproject.toml: every package pinned, with hashes, for all platforms. Needs uv.
set -euo pipefail
cd "$(dirname "$0")/.."
options=(--quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --python-version 3.11 --no-annotate)
printf 'hatchling>=1.27\neditables>=0.5\nnodejs-wheel-binaries>=24,<25\n' | uv pip compile "${options[@]}" --output-file requirements/product.lock pyproject.toml -
uv pip compile "${options[@]}" --extra evaluate --extra kafka --extra postgresql --group dev --group peers -c requirements/product.lock --output-file requirements/development.lock pyproject.toml
