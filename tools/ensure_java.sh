#!/usr/bin/env bash
# The tests of scans on Apache Spark need Java. Where it is absent and Debian packages can be installed, install a runtime
# without windows; elsewhere those tests skip and say so.
set -u
found() { command -v java >/dev/null 2>&1 || [ -x "${JAVA_HOME:-/nowhere}/bin/java" ]; }
found && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "installing default-jre-headless for the tests of Spark"
  (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends default-jre-headless) \
    >/dev/null 2>&1
fi
found || echo "no Java here: the tests of Spark will be skipped"
exit 0
