#!/bin/sh
# Runs the interoperability tests: makes their Python environment when it is missing or out of date, then pytest.
#
#   Tests/Interop/run.sh [pytest arguments…]
#
# MCPO_BINARY, MCPO_OPTIONS and MCPO_SCHEMAS are explained in README.md. A machine that cannot have the environment
# skips these tests and says so; under CI, where nobody reads that, it fails instead.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)
name=interop
. "$root/Tests/python.sh"

need_python
if ! is_current "$here/requirements.txt" "$here/requirements-sdk1.txt"; then
    echo "making $venv …" >&2
    make_venv "$venv" "$here/requirements.txt" || skip "its venv could not be made"
    make_venv "$venv/sdk1" "$here/requirements-sdk1.txt" || skip "the venv of the first SDK could not be made"
    stamp
fi

cd "$here"
exec "$venv/bin/python" -m pytest "$@"
