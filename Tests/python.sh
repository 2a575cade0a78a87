# What the run.sh of a folder of Python tests needs, sourced with $name (for messages) and $root (the repository) set.
# A machine that cannot run such tests skips them and says so; under CI, where nobody reads that, it fails instead.

venv=$root/.venv/$name
python=${PYTHON:-python3}

skip() {
    echo "$name tests SKIPPED: $1" >&2
    if [ -n "${CI:-}" ]; then
        echo "CI is set, so a skip is a failure" >&2
        exit 1
    fi
    exit 0
}

need_python() {
    command -v "$python" >/dev/null 2>&1 || skip "no $python"
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || skip "$python is older than 3.11"
}

make_venv() { # directory, requirements
    "$python" -m venv --clear "$1" && "$1/bin/python" -m pip install --quiet --disable-pip-version-check -r "$2"
}

# Another Python or other requirements make the venv again.
is_current() { # requirements…
    wanted=$( (cat "$@" && "$python" --version) | cksum)
    [ "$(cat "$venv/stamp" 2>/dev/null || true)" = "$wanted" ]
}

stamp() {
    echo "$wanted" > "$venv/stamp"
}
