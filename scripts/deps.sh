#!/bin/sh
# Installs what building and testing need: Debian packages, and pymodbus in a virtual environment. Does nothing where
# everything is there.
set -eu
missing=""
for package in "$@"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
if [ -n "$missing" ]; then
  echo "installing:$missing"
  root=""
  [ "$(id -u)" = 0 ] || root="sudo"
  $root apt-get update -qq
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends $missing
fi
stamp=".venv/pymodbus-3.16.1-c104-2.2.1-zstandard-0.25.0"
if [ ! -e "$stamp" ]; then
  python3 -m venv .venv
  .venv/bin/pip install --quiet 'pymodbus[serial]==3.16.1' c104==2.2.1 zstandard==0.25.0
  touch "$stamp"
fi
