# shellcheck shell=bash
# Ground of the lints: where the source is, which files are ours, how a finding is shown.
set -euo pipefail
export LC_ALL=C.UTF-8
SOURCE_DIR=${SOURCE_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)}
BUILD_DIR=${BUILD_DIR:-$SOURCE_DIR/build/dev}
cd "$SOURCE_DIR"

# our_c [ROOT]: C sources and headers, one a line, relative to the root.
our_c() { (cd "${1:-$SOURCE_DIR}" && find proto server client tests -name '*.[ch]' -type f | sort); }

# our_scripts: everything that bash runs.
our_scripts() {
    {
        find deploy tests .ci -name '*.sh' -type f
        grep -rlE --exclude-dir=calendar '^#!/usr/bin/env bash' deploy tests .ci || true
    } | sort -u
}

# verdict WHAT FINDINGS: prints findings; ends the lint.
verdict() {
    [[ -n $2 ]] || exit 0
    printf '%s\n' "$2"
    printf '%s: %d finding(s)\n' "$1" "$(wc -l <<<"$2")"
    exit 1
}

# must_find WHAT TEXT: the control of a lint: what is wrong on purpose has to be found.
must_find() {
    [[ -n $2 ]] || {
        printf 'control failed, the lint is blind: %s\n' "$1"
        exit 1
    }
}
