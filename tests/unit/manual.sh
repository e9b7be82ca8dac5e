#!/usr/bin/env bash
# Manual pages and completion are made from the command tables: nothing is missing in them, man has
# nothing to complain of, Chinese stands within 80 columns, and a real bash completes.
set -euo pipefail
export LC_ALL=C.UTF-8
pages=$BUILD_DIR/pages
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() {
    printf 'not so: %s\n' "$*" >&2
    exit 1
}
rectify=$BUILD_DIR/client/cli/rectify
mapfile -t rows < <("$rectify" help all | sed -nE 's/^  ([a-z][a-z -]*[a-z])(  | [^a-z -]).*/\1/p; s/^  ([a-z][a-z -]*[a-z])$/\1/p')
((${#rows[@]} > 150)) || fail "help lists commands: only ${#rows[@]}"

# ---- pages
for page in "$pages"/rectify.1 "$pages"/rectify.ini.5 "$pages"/rectifyd.ini.5 "$SOURCE_DIR"/deploy/man/*.[18]; do
    MANWIDTH=80 man --warnings -l "$page" >"$work/shown" 2>"$work/warnings" || fail "man shows $page"
    [[ ! -s $work/warnings ]] || fail "$page: $(head -n 3 "$work/warnings")"
    # What is to be typed stays on one line, however long.
    grep -vE '^ +(rectify|\$|#)' "$work/shown" | awk 'length > 0' >"$work/prose"
    (($(wc -L <"$work/prose") <= 84)) || fail "$page is $(wc -L <"$work/prose") columns wide"
    ! grep -q 'u[0-9A-F]\{4\}' "$work/shown" || fail "$page shows codes in place of Chinese"
done
MANWIDTH=80 man -l "$pages/rectify.1" | sed 's/[[:space:]]*$//' >"$work/rectify"
for row in "${rows[@]}"; do
    grep -qE "^   $row( |\$)" "$work/rectify" || fail "rectify(1) tells of: $row"
done
grep -q '汇总表' "$work/rectify" || fail "rectify(1) is in Chinese"
for code in 0 1 2 3 4 5 6 7 8; do
    grep -qE "^ +$code( |\$)" "$work/rectify" || fail "rectify(1) tells of exit code $code"
done
for key in server machine_key queue state; do
    grep -qE "^ +$key\$|^ +$key " <(MANWIDTH=80 man -l "$pages/rectify.ini.5") || fail "rectify.ini(5) tells of $key"
done

# ---- completion
completes() { # WORD…: what a bash offers for the last word
    bash -c '
        source "$1"
        shift
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _rectify 2>/dev/null
        printf "%s\n" "${COMPREPLY[@]}"' - "$pages/rectify.bash" "$@"
}
offers() { # WANTED WORD…
    local wanted=$1
    shift
    completes "$@" | grep -xF -e "$wanted" >/dev/null || fail "[$*] offers $wanted; it offers: $(completes "$@" | head -n 20 | tr '\n' ' ')"
}
withholds() { # UNWANTED WORD…
    local unwanted=$1
    shift
    ! completes "$@" | grep -xF -e "$unwanted" >/dev/null || fail "[$*] does not offer $unwanted"
}
for row in "${rows[@]}"; do
    read -ra words <<<"$row"
    last=${words[-1]}
    unset 'words[-1]'
    grep -qF "'$row')" "$pages/rectify.bash" || offers "$last" rectify "${words[@]}" "${last:0:1}"
done
offers todo rectify t
offers submit rectify table ''
offers submit rectify table su
withholds todo rectify table ''
offers --unchanged rectify table submit --
withholds --unchanged rectify todo --
offers --profile rectify todo --
offers decide rectify office table ''
offers decide rectify table '' # the prefix may be left out
offers json rectify todo -o ''
offers csv rectify -o c
offers submit rectify -o json table su # a value is no word of the command
offers submit rectify --profile unit01 table su
offers "$(date +%Y-%m)" rectify table show --period ''
offers unit rectify status --by u
offers exit-codes rectify help e
mkdir -p "$work/home/profiles" && touch "$work/home/profiles/unit01.ini" "$work/table.csv"
RECTIFY_HOME=$work/home offers unit01 rectify --profile u
(cd "$work" && offers table.csv rectify table submit ta)
(cd "$work" && offers table.csv rectify table export --out ta)
(cd "$work" && withholds table.csv rectify table show --org ta)
