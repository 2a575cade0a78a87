#!/bin/sh
# Installs programs that tests need, where that asks nobody: as root (or with sudo that wants no password), on Debian
# and its relatives.
#
#   Tests/programs.sh prometheus chromium
set -eu

missing=
for program in "$@"; do
    command -v "$program" >/dev/null 2>&1 || missing="$missing $program"
done
[ -n "$missing" ] || exit 0

sudo=
[ "$(id -u)" -eq 0 ] || sudo="sudo -n"
if ! command -v apt-get >/dev/null 2>&1 || ! $sudo true 2>/dev/null; then
    echo "not installed, so the tests that need them are skipped:$missing" >&2
    exit 0
fi
echo "installing$missing …" >&2
log=$(mktemp)
# Debian's names of the packages are those of the programs.
apt() { $sudo env DEBIAN_FRONTEND=noninteractive apt-get "$@"; }
if ! { apt update && apt install --yes --no-install-recommends $missing; } >"$log" 2>&1; then
    tail -n 5 "$log" >&2
    echo "could not install$missing; the tests that need them are skipped" >&2
fi
rm -f "$log"
