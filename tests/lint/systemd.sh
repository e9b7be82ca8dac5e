#!/usr/bin/env bash
# The service files are well-formed, and hold what they run inside bounds: what systemd's own analysis
# says of them, offline, is at most so much exposed (0 is best, 10 worst).
. "$(dirname "${BASH_SOURCE[0]}")/../support/lint.sh"
command -v systemd-analyze >/dev/null || {
    printf 'skipped: there is no systemd-analyze on this machine, service files are not checked\n'
    exit 0
}
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
export XDG_RUNTIME_DIR=$WORK SYSTEMD_COLORS=0

# unit FILE: a copy whose program is there, so that the file itself is what is judged.
unit() {
    sed -E 's|^(ExecStart=)/usr/bin/[a-z-]+|\1/bin/true|' "$1" >"$WORK/$(basename "$1")"
    printf '%s\n' "$WORK/$(basename "$1")"
}

# malformed FILE [--user]: what systemd does not like about it.
malformed() {
    local copy
    copy=$(unit "$1")
    systemd-analyze "${@:2}" verify --man=no "${copy/@./@sample.}" 2>&1 | sed "s|^|$1: |"
}

# exposed FILE MOST: its exposure in tenths, when it is more.
exposed() {
    local score
    score=$(systemd-analyze security --offline=true "$1" 2>/dev/null |
        sed -nE 's/.*Overall exposure level for [^:]*: ([0-9]+)\.([0-9]).*/\1\2/p')
    [[ -n $score ]] && ((10#$score <= $2)) || printf '%s: exposure %s tenths, at most %s\n' "$1" "$score" "$2"
}

printf '[Service]\nExecStart=/bin/true\nProtectSystm=strict\n' >"$WORK/bad.service"
must_find "a setting that is misspelt" "$(malformed "$WORK/bad.service")"
must_find "a service without bounds" "$(exposed "$WORK/bad.service" 20)"
findings=$(
    cd deploy/systemd || exit
    for file in rectifyd.service rectify-agent@.service; do
        malformed "$file"
        exposed "$file" 20
    done
    # A user's: without the system's namespaces, and judged as if it were root's.
    malformed rectify-agent.service --user
    exposed rectify-agent.service 65
)
verdict "service files" "$findings"
