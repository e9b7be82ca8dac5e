#!/usr/bin/env bash
# The ABI of librectify: what tests/golden/abi/librectify.txt says of this version is what the build
# gives. Names, layouts and values move only together with the version.
set -euo pipefail
golden=$SOURCE_DIR/tests/golden/abi/librectify.txt
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$SOURCE_DIR/tests/golden/abi/dump" "$BUILD_DIR" >"$work/now"

verdict() { # GOLDEN NOW: prints what to do; nothing when all is well
    local before now
    cmp -s "$1" "$2" && return 0
    before=$(sed -n 's/^version //p' "$1")
    now=$(sed -n 's/^version //p' "$2")
    diff "$1" "$2" | grep '^[<>]' | head -n 20 || true
    if [[ ${before%.*} == "${now%.*}" ]] && ! diff -q <(grep -v ^version "$1") <(grep -v ^version "$2") >/dev/null; then
        printf 'The ABI of librectify %s has changed: move the minor version in CMakeLists.txt and\n' "$now"
        printf 'client/lib/version.h (the SONAME follows), build, and then write it down:\n'
    else
        printf 'The version has moved from %s to %s: write down what it promises:\n' "$before" "$now"
    fi
    printf '    tests/golden/abi/dump BUILD-DIR >tests/golden/abi/librectify.txt\n'
}

# Controls: a name that goes, a member that moves, and a version that moves are all noticed.
grep -v '^name rectify_call$' "$work/now" >"$work/less"
sed 's/^\(struct rectify_request .*\)message@8/\1message@16/' "$work/now" >"$work/moved"
sed 's/^version .*/version 9.9.9/' "$work/now" >"$work/later"
[[ $(verdict "$work/now" "$work/less") == *'has changed'* ]]
[[ $(verdict "$work/now" "$work/moved") == *'has changed'* ]]
[[ $(verdict "$work/now" "$work/later") == *'has moved from'* ]]

findings=$(verdict "$golden" "$work/now")
[[ -z $findings ]] || {
    printf '%s\n' "$findings" >&2
    exit 1
}
printf 'librectify %s: %s names, %s layouts as written down\n' "$(sed -n 's/^version //p' "$golden")" \
    "$(grep -c '^name' "$golden")" "$(grep -cE '^(struct|enum)' "$golden")"
