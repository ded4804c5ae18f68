#!/bin/sh
# Create the virtual environment: tools/environment.sh FOLDER LOCKFILE. Needs Python 3.11 or newer, and venv.
set -eu
venv=$1
lock=$2
python=${PYTHON:-python3}

say() { printf '%s\n' "$*" >&2; }

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  say "ci_stat needs Python 3.11 or newer; $python is $("$python" --version 2>&1 || echo missing)."
  say "Install a newer one, or name it: make PYTHON=/path/to/python3.11 ..."
  exit 1
fi
may_install() { command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; }
# Debian and Ubuntu ship Python without ensurepip until python3-venv is there.
if [ ! -x "$venv/bin/python" ]; then
  if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    if may_install; then
      say "Installing python3-venv ..."
      apt-get update -qq
      DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
    else
      say "Python's venv module is not complete here. Run: sudo apt-get install python3-venv"
      exit 1
    fi
  fi
  say "Creating $venv ..."
  "$python" -m venv "$venv"
fi
if [ ! -x "$venv/bin/uv" ]; then
  # An environment that another tool created may lack pip.
  "$venv/bin/python" -m pip --version >/dev/null 2>&1 || "$venv/bin/python" -m ensurepip --upgrade >/dev/null
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock
fi
say "Installing the packages of $lock ..."
# Bytecode now: compiling it at the first start would make that start three times slower.
"$venv/bin/uv" pip install --quiet --python "$venv/bin/python" --compile-bytecode --require-hashes -r "$lock"
"$venv/bin/uv" pip install --quiet --python "$venv/bin/python" --no-deps -e .
"$venv/bin/python" -m compileall -q ci_stat
