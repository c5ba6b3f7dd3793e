#!/usr/bin/env bash
# build_root.sh WHEELS ROOT: make a root file system of Seawall from Debian's packages and built wheels, without a container registry.
# It needs root, mmdebstrap, and a folder with the three wheels (`python -m tools.build_release` makes them).
# Behind a proxy that signs with a certificate of its own: CA_FILE=ca.pem, a file of certificates that pip then trusts.
#   buildah from scratch, buildah add, or: tar -C ROOT -c . | podman import - seawall
set -euo pipefail
wheels=$(realpath "$1"); root=$2; here=$(dirname "$(realpath "$0")")/../..
suite=${SUITE:-trixie}
[ -d "$root/usr" ] || mmdebstrap --variant=minbase --include=python3,python3-venv,ca-certificates,tzdata "$suite" "$root"
install -d "$root/tmp/wheels"
cp "$wheels"/*.whl "$here/requirements/product.lock" "$here/requirements/cluster.lock" "$root/tmp/wheels/"
cp /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null || true
trust=()
if [ -n "${CA_FILE:-}" ]; then cp "$CA_FILE" "$root/tmp/wheels/ca.pem"; trust=(PIP_CERT=/tmp/wheels/ca.pem); fi
run() { chroot "$root" /usr/bin/env -i PATH=/opt/seawall/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root "${trust[@]}" "$@"; }
run python3 -m venv /opt/seawall
run pip install --quiet --no-cache-dir --require-hashes -r /tmp/wheels/product.lock -r /tmp/wheels/cluster.lock
run sh -c 'pip install --quiet --no-cache-dir --no-deps --no-index /tmp/wheels/*.whl'
rm -rf "$root/tmp/wheels" "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*.bin
run id seawall >/dev/null 2>&1 || run useradd --system --uid 10001 --home-dir /var/lib/seawall --create-home --shell /usr/sbin/nologin seawall
run seawall --version
