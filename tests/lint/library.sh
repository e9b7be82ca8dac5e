#!/usr/bin/env bash
# librectify keeps what rectify.h promises: no state that is global, no printing, no end of the
# process but by an assertion; every public header says which thread may use it, and includes public
# headers alone.
. "$(dirname "${BASH_SOURCE[0]}")/../support/lint.sh"
mapfile -t public < <(grep -v '^#' client/lib/PUBLIC)

# Writable data: symbols in .data, .bss or thread storage. What the loader relocates and then locks
# (.data.rel.ro) is none.
writable() { # OBJECT
    objdump -t "$1" | awk '
        match($0, /[ \t]\.(data|bss|tdata|tbss)[^ \t]*|\*COM\*/) {
            section = substr($0, RSTART + 1, RLENGTH - 1)
            if (section !~ /^\.data\.rel\.ro/ && $NF !~ /^\./ && $NF !~ /asan|__odr_/)
                print "writable: " $NF " in " section
        }'
}

# What it asks of others and must not. abort: libsodium or the random source does not work.
forbidden() { # OBJECT
    nm -u "$1" | awk '{ print $NF }' |
        grep -xE '_?_?v?printf(_chk)?|puts|putchar|perror|stdin|stderr|_?exit|_Exit|setlocale|signal|sigaction|atexit|putenv|setenv|strtok|system|fork' |
        sed 's/^/uses: /' || true
}

threads() { grep -LiE 'thread' "$@" | sed 's/$/: says nothing of threads/' || true; } # HEADER…

# private HEADER…: includes that are not public themselves.
private() {
    grep -HoE '^#include "[^"]+"' "$@" | sed -E 's/:#include "/ /; s/"$//' |
        while read -r header name; do
            [[ $name == rectify/v1/* ]] || grep -xF "$name" <(printf '%s\n' "${public[@]}") >/dev/null ||
                printf '%s: includes %s, which is not public\n' "$header" "$name"
        done
}

control=$(mktemp -d)
trap 'rm -rf "$control"' EXIT
printf '#include <stdio.h>\nint counter; static int other = 1;\nint f(void) { printf("x"); return counter + other++; }\n' \
    >"$control/bad.c"
printf '#include "proto/rpc/client.h"\n' >"$control/bad.h"
cc -c "$control/bad.c" -o "$control/bad.o"
[[ $(writable "$control/bad.o" | wc -l) == 2 ]] || must_find "two writable variables" ""
must_find "a printf" "$(forbidden "$control/bad.o")"
must_find "a header without a word on threads" "$(threads "$control/bad.h")"
must_find "a private header" "$(private "$control/bad.h")"

object=$BUILD_DIR/librectify/librectify.o
[[ -s $object ]] || must_find "a built librectify.o" ""
verdict "library" "$(writable "$object"; forbidden "$object"; threads "${public[@]}"; private "${public[@]}")"
