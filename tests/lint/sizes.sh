#!/usr/bin/env bash
# Functions of at most 70 lines, nesting of at most four, C files of at most 800 lines. Relies on the
# house format: a function's braces stand in the first column, each level is four spaces.
. "$(dirname "${BASH_SOURCE[0]}")/../support/lint.sh"

check() {
    awk -v function_max=70 -v file_max=800 '
        FNR == 1 { name = ""; start = 0 }
        /^[A-Za-z_][A-Za-z0-9_]*\(/ { name = $0; sub(/\(.*/, "", name) }
        /^\{/ { start = FNR }
        /^\}/ && start {
            if (FNR - start - 1 > function_max)
                print FILENAME ":" start ": " name " has " FNR - start - 1 " lines"
            start = 0
        }
        /^ *(\} else )?(if|for|while|switch|do)[ (].*\{$/ && match($0, /^ */) && RLENGTH >= 20 {
            print FILENAME ":" FNR ": nested more than four deep"
        }
        FNR == file_max + 1 { print FILENAME ": more than " file_max " lines" }' "$@"
}

control=$(mktemp)
trap 'rm -f "$control"' EXIT
{ printf 'f(void)\n{\n' && seq 71 && printf '}\n'; } >"$control"
must_find "a function of 71 lines" "$(check "$control")"
printf '%20sif (deep) {\n' '' >"$control"
must_find "a fifth level" "$(check "$control")"
mapfile -t files < <(our_c)
verdict "sizes" "$(check "${files[@]}")"
