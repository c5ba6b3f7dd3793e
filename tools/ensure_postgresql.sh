#!/usr/bin/env bash
# The tests of the database run on SQLite and on a real PostgreSQL, which they start themselves. Where it is absent and
# Debian packages can be installed, install it (without starting its service); elsewhere those tests skip and say so.
set -u
found() { command -v initdb >/dev/null 2>&1 || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; }
found && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "installing postgresql for the tests of the database"
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then # a package's own service must not start on this machine
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
  fi
  (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql) \
    >/dev/null 2>&1
fi
found || echo "no PostgreSQL here: its tests will be skipped"
exit 0
