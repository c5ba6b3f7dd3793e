#!/usr/bin/env bash
# The browser tests need a real Chromium. Where there is none and Debian packages can be installed, install it;
# elsewhere the tests skip and say so.
set -u
command -v chromium >/dev/null 2>&1 && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "installing Chromium for the browser tests"
  (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium) >/dev/null 2>&1
fi
command -v chromium >/dev/null 2>&1 || echo "no Chromium here: the browser tests will be skipped"
exit 0
