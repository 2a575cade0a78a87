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
venv=$root/.venv
python=${PYTHON:-python3}

skip() {
    echo "interop tests SKIPPED: $1" >&2
    if [ -n "${CI:-}" ]; then
        echo "CI is set, so a skip is a failure" >&2
        exit 1
    fi
    exit 0
}

make_venv() { # directory, requirements
    "$python" -m venv --clear "$1" && "$1/bin/python" -m pip install --quiet --disable-pip-version-check -r "$2"
}

command -v "$python" >/dev/null 2>&1 || skip "no $python"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || skip "$python is older than 3.11"

wanted=$( (cat "$here/requirements.txt" "$here/requirements-sdk1.txt" && "$python" --version) | cksum)
if [ "$(cat "$venv/interop.stamp" 2>/dev/null || true)" != "$wanted" ]; then
    echo "making $venv …" >&2
    make_venv "$venv" "$here/requirements.txt" || skip "its venv could not be made"
    make_venv "$venv/sdk1" "$here/requirements-sdk1.txt" || skip "the venv of the first SDK could not be made"
    echo "$wanted" > "$venv/interop.stamp"
fi

cd "$here"
exec "$venv/bin/python" -m pytest "$@"
