#!/bin/sh
# Creates .venv with the first suitable Python, or reports what is missing. PYTHON=… selects another Python.
set -eu

fail() {
    printf '%s\n' "$@" >&2
    exit 1
}

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

can_make_venvs() {
    "$1" -c 'import venv, ensurepip' >/dev/null 2>&1
}

find_python() {
    without_venv=
    for python in ${PYTHON:-python3.13 python3.12 python3.11 python3 python3.14 python}; do
        is_new_enough "$python" || continue
        if can_make_venvs "$python"; then
            return
        fi
        without_venv=${without_venv:-$python}
    done
    if [ -n "$without_venv" ]; then
        version=$("$without_venv" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        fail "$without_venv is Python $version without its venv module." \
            "On Debian and Ubuntu: sudo apt install python$version-venv"
    fi
    fail "Python 3.11 or later is required and was not found${PYTHON:+ at $PYTHON}." \
        "On Debian and Ubuntu: sudo apt install python3 python3-venv" \
        "Or select one: make setup PYTHON=/path/to/python3"
}

if ! is_new_enough .venv/bin/python || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    find_python
    echo "Creating .venv with $("$python" --version)."
    "$python" -m venv --clear .venv
fi
echo "Installing the pinned dependencies into .venv. The first time this takes a minute."
.venv/bin/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e '.[dev]'
