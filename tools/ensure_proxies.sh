#!/usr/bin/env bash
# The tests of the gate run behind a real nginx and a real Caddy, some of them before a real PHP. Where these are absent and
# Debian packages can be installed, install them (without starting their services); elsewhere those tests skip and say so.
set -u
# Debian names the program of php-fpm after its version: /usr/sbin/php-fpm8.4.
found() { command -v "$1" >/dev/null 2>&1 || compgen -G "/usr/sbin/$1*" >/dev/null; }
missing=()
for name in nginx caddy php-fpm; do found "$name" || missing+=("$name"); done
[ "${#missing[@]}" = 0 ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "installing ${missing[*]} for the tests of the gate"
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then # a package's own service must not start on this machine
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
  fi
  (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}") \
    >/dev/null 2>&1
fi
for name in "${missing[@]}"; do
  found "$name" || echo "no $name here: its tests will be skipped"
done
exit 0
