#!/usr/bin/env bash
# Makes librectify from the static libraries of the tree:
#
#   cmake/librectify.sh OUT HEADER-LIST SOURCE-DIR LIBRARY…
#
# OUT/librectify.o   one relocatable object with all that the public functions need of ours; every
#                    other name is local to it
# OUT/exports.map    version script for the shared library: exactly the public names
# OUT/include/rectify/   the public headers, including one another as <rectify/NAME.h>, and names.h
#
# Public is what is defined in the tree and named in a public header, and the schema (pb__…). Helpers
# whose names are too plain for a library of others' programs are linked as rectify_NAME; names.h
# makes that invisible to whoever includes a public header.
set -euo pipefail
export LC_ALL=C
out=$1 list=$2 source=$3
shift 3
nm=${NM:-nm} ld=${LD:-ld} objcopy=${OBJCOPY:-objcopy}
mkdir -p "$out/include/rectify"
cd "$out"

mapfile -t headers < <(grep -v '^#' "$list")

# ---- which names
"$nm" -g --defined-only "$@" | awk 'NF == 3 && $2 ~ /[TDRB]/ { print $3 }' | sort -u >defined
(cd "$source" && grep -ohE '\b[a-z][a-z0-9_]*\(' "${headers[@]}") | tr -d '(' | sort -u >named
{
    comm -12 defined named
    grep '^pb__' defined
} | sort -u >exported
grep -vE '^(rectify_|pb__)' exported >plain || true

# ---- one object
awk '{ print $1, "rectify_" $1 }' plain >redefine
sed -E 's/^(rectify_|pb__)/\1/; /^(rectify_|pb__)/!s/^/rectify_/' exported | sort -u >global
awk '{ print "-u"; print $1 }' exported >undefined
"$ld" -r -o all.o @undefined --start-group "$@" --end-group
"$objcopy" --redefine-syms=redefine all.o named.o
"$objcopy" --keep-global-symbols=global named.o librectify.o.new
rm -f all.o named.o
mv librectify.o.new librectify.o
{
    printf 'RECTIFY {\n    global:\n'
    sed 's/.*/        &;/' global
    printf '    local: *;\n};\n'
} >exports.map

# ---- headers
{
    printf '/* Made by the build: the names under which helpers are linked. */\n'
    printf '#ifndef RECTIFY_NAMES_H\n#define RECTIFY_NAMES_H\n\n'
    awk '{ print "#define " $1 " rectify_" $1 }' plain
    printf '\n#endif\n'
} >include/rectify/names.h
for header in "${headers[@]}"; do
    sed -E -e '/^#include "rectify\/v1\//!s|^#include "([^"]*/)?([^"/]+)"|#include <rectify/\2>|' \
        -e '0,/^#define [A-Z0-9_]+_H$/s|^#define [A-Z0-9_]+_H$|&\n\n#include <rectify/names.h>|' \
        "$source/$header" >"include/rectify/${header##*/}"
done
