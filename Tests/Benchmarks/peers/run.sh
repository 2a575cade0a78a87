#!/bin/sh
# Other caching proxies beside mcpo: how fast their hits are, and what they answer wrongly.
#
#   Tests/Benchmarks/peers/run.sh [bench options…]      MCPO=PATH for another binary
#
# Makes a Python environment in .bench/peers when it is missing or requirements.txt has changed;
# then one run of `bench` with the same generator, server and CPU for all, and mistakes.py. It is not
# part of CI. Exit status 1 when a load went wrong or mcpo made a mistake; others may make some.
set -eu

cd "$(dirname -- "$0")/../../.."
here=Tests/Benchmarks/peers
venv=$PWD/.bench/peers
mcpo=${MCPO:-.build/release/mcpo}

make --no-print-directory -C Tests/Benchmarks
wanted=$(cksum <"$here/requirements.txt")
if [ "$(cat "$venv/stamp" 2>/dev/null || true)" != "$wanted" ]; then
    echo "making $venv …" >&2
    "${PYTHON:-python3}" -m venv --clear "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        -r "$here/requirements.txt"
    echo "$wanted" >"$venv/stamp"
fi
PATH=$venv/bin:$PATH
PEERS_STATE=$(mktemp -d)
export PATH PEERS_STATE
trap 'rm -rf "$PEERS_STATE"' EXIT

fastmcp="python $here/fastmcp_proxy.py {}"
toolcall_cache="$here/toolcall_cache_proxy.sh {}"
status=0
.bench/bench --mcpo "$mcpo" --peer-share 100 \
    --peer fastmcp="$fastmcp" --peer toolcall-cache="$toolcall_cache" "$@" hit-1 hit-64 || status=1
python "$here/mistakes.py" --stub .bench/stub \
    mcpo="$mcpo -- {}" fastmcp="$fastmcp" toolcall-cache="$toolcall_cache" || status=1
exit $status
