#!/bin/sh
# Fuzzes every target (Tests/Fuzz/*Fuzz.swift) for SECONDS each, 60 by default, one after the other.
#
#   Tests/Fuzz/run.sh 600                    all targets
#   Tests/Fuzz/run.sh 600 ScannerFuzz        one of them
#   .fuzz/ScannerFuzz .fuzz/crashes/X        one input again
#
# A target's first line names what is compiled with it: `// Sources: FOLDER_OR_FILE ...`, from the
# repository's root. Inputs found on the way grow in .fuzz/corpus/TARGET; the committed ones in
# Tests/Fuzz/Corpus/TARGET are only read. Crashes are kept in .fuzz/crashes; there being one, now
# or from before, is failure. A SwiftPM target does not link with -sanitize=fuzzer, hence swiftc.
set -eu
cd "$(dirname "$0")/../.."

seconds=${1:-60}
[ $# -gt 0 ] && shift
targets=$*
if [ -z "$targets" ]; then
    for file in Tests/Fuzz/*Fuzz.swift; do
        targets="$targets $(basename "$file" .swift)"
    done
fi

# The backtracer would start a second process for each crash, which the fuzzer waits for.
export SWIFT_BACKTRACE=enable=no
# Foundation keeps what it caches.
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_leaks=0}"
mkdir -p .fuzz/crashes
failed=0

for target in $targets; do
    harness=Tests/Fuzz/$target.swift
    sources=$(sed -n '1s,^// Sources: *,,p' "$harness")
    # No file name here has a space in it.
    files=$(find $sources -name '*.swift' | LC_ALL=C sort)
    echo "== $target: building"
    swiftc -emit-executable -O -g -wmo -swift-version 6 -parse-as-library -package-name mcpo \
        -module-name "$target" -emit-module-path ".fuzz/$target.swiftmodule" -sanitize=fuzzer,address $files "$harness" -o ".fuzz/$target" \
        >".fuzz/$target-build.log" 2>&1 || { cat ".fuzz/$target-build.log"; exit 1; }
    echo "== $target: $seconds s"
    mkdir -p ".fuzz/corpus/$target" "Tests/Fuzz/Corpus/$target"
    ".fuzz/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=8192 \
        -print_final_stats=1 -artifact_prefix=".fuzz/crashes/$target-" \
        ".fuzz/corpus/$target" "Tests/Fuzz/Corpus/$target" 2>".fuzz/$target.log" || failed=1
    grep -E '^stat::number_of_executed_units|^Done|SUMMARY|fuzz: ' ".fuzz/$target.log" || true
done

if [ -n "$(ls .fuzz/crashes)" ]; then
    echo "crashes:"
    ls .fuzz/crashes
    failed=1
fi
exit $failed
