# shellcheck shell=bash
# What the scripts say to people: Chinese, whole sentences. Sourced, never run.

say() { printf '%s\n' "$*"; }

# step TEXT: one progress line with the seconds since the start.
step() { printf '[%4d 秒] %s\n' "$SECONDS" "$*"; }

# fail WHAT [WHAT-TO-DO] [LOG]: says what is wrong, what to do and where the log is; ends the script.
fail() {
    printf '\n出错：%s\n' "$1" >&2
    [[ -z ${2:-} ]] || printf '怎么办：%s\n' "$2" >&2
    [[ -z ${3:-} ]] || printf '日志：%s\n' "$3" >&2
    exit 1
}

# run_logged LOG WHAT WHAT-TO-DO CMD…: runs CMD with its output in LOG; on failure shows the end of it.
run_logged() {
    local log=$1 what=$2 advice=$3
    shift 3
    if ! "$@" >>"$log" 2>&1 </dev/null; then
        printf '\n---- %s 的最后几行 ----\n' "$log" >&2
        tail -n 15 "$log" >&2
        fail "$what" "$advice" "$log"
    fi
}

# wait_until SECONDS CMD…: polls CMD five times a second until it succeeds; 1 when time is over.
wait_until() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < end)) || return 1
        sleep 0.2
    done
}
