#!/bin/sh
# What the tests need beside Python: tools/mariadb.sh VENV [MORE PACKAGES]. Installs it where it may.
set -eu
venv=$1
shift
say() { printf '%s\n' "$*" >&2; }

PATH="$PATH:/usr/sbin:/sbin"
wanted=""
command -v mariadbd >/dev/null 2>&1 || wanted="mariadb-server"
for package in "$@"; do
  dpkg -s "$package" >/dev/null 2>&1 || wanted="$wanted $package"
done
# mysqlclient is the optional C driver; it is built from source.
driver=yes
"$venv/bin/python" -c 'import MySQLdb' 2>/dev/null || driver=no
if [ $driver = no ]; then
  command -v mariadb_config >/dev/null 2>&1 || wanted="$wanted libmariadb-dev"
  command -v pkg-config >/dev/null 2>&1 || wanted="$wanted pkg-config"
  "$venv/bin/python" -c 'import os, sys, sysconfig; sys.exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))' ||
    wanted="$wanted python3-dev"
  command -v cc >/dev/null 2>&1 || wanted="$wanted gcc libc6-dev"
fi
if [ -n "$wanted" ]; then
  if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
    say "Installing $wanted ..."
    apt-get update -qq
    # shellcheck disable=SC2086  # a list of package names
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $wanted >/dev/null
  else
    say "The tests need more than is here. Run: sudo apt-get install -y $wanted"
    exit 1
  fi
fi
if [ $driver = no ]; then
  "$venv/bin/uv" pip install --quiet --python "$venv/bin/python" --require-hashes -r requirements-mysqlclient.lock ||
    say "mysqlclient could not be built (are Python's headers here?): its tests are skipped."
fi
