#!/bin/sh
# Runs the tests of the dashboard in a real Chromium: makes their Python environment when it is missing or out of
# date, then pytest.
#
#   Tests/Dashboard/run.sh [pytest arguments…]
#
# CHROMIUM is the browser (default: `chromium` in the PATH, as Debian has it). MCPO_BINARY and MCPO_STUB are mcpo and
# the bundled server; the tests of the real mcpo need them.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)
name=dashboard
. "$root/Tests/python.sh"

CHROMIUM=${CHROMIUM:-chromium}
export CHROMIUM
command -v "$CHROMIUM" >/dev/null 2>&1 || skip "no $CHROMIUM (on Debian: apt-get install chromium)"
need_python

if ! is_current "$here/requirements.txt"; then
    echo "making $venv …" >&2
    make_venv "$venv" "$here/requirements.txt" || skip "its venv could not be made"
    stamp
fi

cd "$here"
exec "$venv/bin/python" -m pytest --numprocesses 2 "$@"
