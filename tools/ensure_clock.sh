#!/usr/bin/env bash
# Some tests run on other days than today, by Debian's libfaketime. Where it is absent and Debian packages can be
# installed, install it; elsewhere those tests skip and say so.
set -u
is_there() { ls /usr/lib/*/faketime/libfaketime.so.1 >/dev/null 2>&1; }
is_there && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "installing libfaketime for the tests on other days"
  (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends libfaketime) \
    >/dev/null 2>&1
fi
is_there || echo "no libfaketime here: its tests will be skipped"
exit 0
