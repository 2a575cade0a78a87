#!/usr/bin/env bash
# Runs the Swift tests, and says at the end, below ten thousand lines, what failed.
#
#   Tests/unit.sh swift test [OPTION…]
set -uo pipefail

log=$(mktemp)
trap 'rm -f "$log"' EXIT
"$@" 2>&1 | tee "$log"
status=$?
if [ "$status" -ne 0 ]; then
    printf '\nwhat failed:\n'
    # A failed expectation, and the lines that explain it; a test program that died.
    awk '/recorded an issue|^error:|[Ff]atal error|signal code/ { print; told = 1; next }
         told && /^(↳|  )/ { print; next }
         { told = 0 }' "$log" | head -n 200 | cut -c 1-2000
fi
exit "$status"
