#!/usr/bin/env bash
# The browser tests need a real Chromium; its headless shell is the same engine, and quicker. Where there is none and Debian
# packages can be installed, install it; elsewhere the tests take another Chromium, or skip and say so.
set -u
command -v chromium-headless-shell >/dev/null 2>&1 && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "installing Chromium for the browser tests"
  for package in chromium-headless-shell chromium; do # older releases of Debian have no shell
    (apt-get update -qq -o Acquire::Retries=0 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$package") >/dev/null 2>&1 && exit 0
  done
fi
for name in chromium chromium-browser google-chrome; do
  command -v "$name" >/dev/null 2>&1 && exit 0
done
echo "no Chromium here: the browser tests will be skipped"
exit 0
