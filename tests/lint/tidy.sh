#!/usr/bin/env bash
# clang-tidy on every file of ours that is compiled. A file that was clean, with all it includes and
# the same rules, is not looked at again (BUILD_DIR/tidy).
. "$(dirname "${BASH_SOURCE[0]}")/../support/lint.sh"
export SOURCE_DIR BUILD_DIR
[[ -s $BUILD_DIR/compile_commands.json ]] || {
    printf 'no compile_commands.json in %s; configure first\n' "$BUILD_DIR"
    exit 1
}
mkdir -p "$BUILD_DIR/tidy"
# How far the analyzer follows the paths of one function: a third of its own bound, for a third of the
# time; the tree was as clean under both.
export MAX_NODES=75000

# one FILE: the key of a clean result is everything that could change it.
one() {
    local file=$1 key output
    local first=(--extra-arg-before=-include "--extra-arg-before=$SOURCE_DIR/tests/lint/analyzer.h")
    [[ $file != */proto/base/fault.c ]] || first=()
    key=$({
        cat "$SOURCE_DIR/.clang-tidy" "$SOURCE_DIR"/tests/{.clang-tidy,lint/analyzer.h,lint/tidy.sh} "$file"
        gcc -std=c11 -D_GNU_SOURCE -E -P -I"$SOURCE_DIR" -I"$BUILD_DIR/gen" \
            -I"$(pg_config --includedir)" "$file" 2>/dev/null || cat "$BUILD_DIR/compile_commands.json"
    } | sha256sum | cut -c1-32)
    [[ ! -e $BUILD_DIR/tidy/$key ]] || return 0
    if output=$(clang-tidy-14 --quiet -p "$BUILD_DIR" --extra-arg=-Wno-unknown-warning-option \
        --extra-arg={-Xclang,-analyzer-config,-Xclang,max-nodes="$MAX_NODES"} \
        "--extra-arg-before=-I$SOURCE_DIR" "${first[@]}" "$file" 2>/dev/null); then
        : >"$BUILD_DIR/tidy/$key"
    else
        printf '%s\n' "$output"
        return 1
    fi
}
export -f one

sed -n 's/^ *"file": "\(.*\)",\{0,1\}$/\1/p' "$BUILD_DIR/compile_commands.json" | sort -u |
    grep -E "^$SOURCE_DIR/(proto|server|client|tests)/.*\.c$" |
    xargs -P "$(nproc)" -I{} bash -c 'one {}'
