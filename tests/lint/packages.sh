#!/usr/bin/env bash
# What the build asks for is in deploy/packages.txt, so that a fresh machine gets it.
. "$(dirname "${BASH_SOURCE[0]}")/../support/lint.sh"

# missing GROUPS MODULE…: pkg-config modules whose Debian package is listed in none of the groups.
missing() {
    local groups=$1 module dir package
    shift
    for module in "$@"; do
        dir=$(pkg-config --variable=pcfiledir "$module")
        package=$(dpkg -S "$dir/$module.pc" | cut -d: -f1)
        grep -qE "^($groups) +$package\$" deploy/packages.txt ||
            printf '%s: package %s is not in deploy/packages.txt (%s)\n' "$module" "$package" "$groups"
    done
}

# modules FIND-ARGUMENTS…: what CMake asks pkg-config for in these files.
modules() {
    find "$@" \( -name CMakeLists.txt -o -name '*.cmake' \) -print0 |
        xargs -0 sed -nE 's/.*pkg_check_modules\([A-Z0-9_]+ (REQUIRED )?(IMPORTED_TARGET )?([^)]*)\).*/\3/p' |
        tr ' ' '\n' | sort -u
}

must_find "a module of a package that is not listed" "$(missing build libcrypto)"
must_find "a module of the tests, where the programs want it" "$(missing build cmocka)"
mapfile -t programs < <(modules CMakeLists.txt cmake proto server client)
mapfile -t tests < <(modules tests)
verdict "packages" "$(missing build "${programs[@]}")$(missing 'build|test' "${tests[@]}")"
