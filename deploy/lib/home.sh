# shellcheck shell=bash
# The home: the one folder that holds everything quickstart makes. Needs say.sh.
#
#   .rectify-home  marker          bin/        rectify, rectifyd       rectifyd.ini  server settings
#   profiles/      NAME.ini        pki/        certificates            keys/         signing keys
#   secrets/       passwords       state/      sessions of profiles    pg/           database cluster
#   build/         compiled files  log/        logs                    demo/         files of the demo
#   done/          steps that need no second run

HOME_MARK='rectify home 1'

# home_open DIR: makes or recognises the home and locks it against a second quickstart.
home_open() {
    local dir=$1
    if [[ -e $dir && ! -e $dir/.rectify-home && -n $(ls -A "$dir" 2>/dev/null) ]]; then
        fail "$dir 已经存在，而且不是本程序建立的。" "请用 --home 换一个空目录。"
    fi
    mkdir -p "$dir" 2>/dev/null || fail "无法建立目录 $dir。" "请检查权限，或用 --home 换一个目录。"
    chmod 700 "$dir"
    [[ -e $dir/.rectify-home ]] || printf '%s\n' "$HOME_MARK" >"$dir/.rectify-home"
    home_folders "$dir"
    exec 8>"$dir/lock"
    flock -n 8 || fail "另一个 quickstart 正在使用 $dir。" "请等它结束，再运行一次。"
}

home_folders() { mkdir -p "$1"/{bin,profiles,pki,keys,secrets,state,pg,log,run,demo,done}; }

home_known() { [[ $(cat "$1/.rectify-home" 2>/dev/null) == "$HOME_MARK" ]]; }

# home_remove DIR: removes a home that bears our marker, nothing else.
home_remove() {
    [[ -e $1 ]] || return 0
    home_known "$1" || fail "$1 里没有本程序的标记文件，不会删除它。" "请确认目录；确实要删时请自行删除。"
    rm -rf -- "$1"
}

# once DIR STEP CMD…: runs CMD unless the step was completed before.
once() {
    local mark=$1/done/$2
    shift 2
    [[ ! -e $mark ]] || return 0
    "$@"
    : >"$mark"
}

# port_free PORT: nobody listens on it (read from /proc, so no tool is needed).
port_free() {
    local hex
    printf -v hex ':%04X' "$1"
    ! awk -v want="$hex" '$4 == "0A" && substr($2, length($2) - 4) == want { found = 1 }
                          END { exit !found }' /proc/net/tcp /proc/net/tcp6 2>/dev/null
}

# port_pick: prints a free port below the range the kernel gives to outgoing connections.
port_pick() {
    local port
    for _ in {1..200}; do
        port=$((20000 + RANDOM % 12000))
        port_free "$port" && printf '%s\n' "$port" && return 0
    done
    fail "找不到空闲的端口。" "请用 --port 指定一个。"
}
