#!/usr/bin/env bash
# What the build asks for is in deploy/packages.txt, so that a fresh machine gets it.
. "$(dirname "${BASH_SOURCE[0]}")/../support/lint.sh"
listed() { grep -qE "^build +$1\$" deploy/packages.txt; }

# missing MODULE…: pkg-config modules whose Debian package is not listed.
missing() {
    local module dir package
    for module in "$@"; do
        dir=$(pkg-config --variable=pcfiledir "$module")
        package=$(dpkg -S "$dir/$module.pc" | cut -d: -f1)
        listed "$package" || printf '%s: package %s is not in deploy/packages.txt\n' "$module" "$package"
    done
}

must_find "a module of a package that is not listed" "$(missing libcrypto)"
mapfile -t modules < <(find . -path ./build -prune -o \( -name CMakeLists.txt -o -name '*.cmake' \) -print0 |
    xargs -0 sed -nE 's/.*pkg_check_modules\([A-Z0-9_]+ (REQUIRED )?(IMPORTED_TARGET )?([^)]*)\).*/\3/p' |
    tr ' ' '\n' | sort -u)
verdict "packages" "$(missing "${modules[@]}")"
