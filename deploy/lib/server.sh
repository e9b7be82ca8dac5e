# shellcheck shell=bash
# Builds, configures, starts and stops rectifyd in a home. Needs say.sh, home.sh, cluster.sh.

# programs_build SOURCE HOME: compiles and puts the programs into HOME/bin; sets PROGRAMS_CHANGED.
programs_build() {
    local source=$1 dir=$2 log=$2/log/build.log name
    local advice="请看日志；源码改动过的话，先改正再运行一次。"
    export CCACHE_DISABLE=1 # a compiler cache would write outside the home
    : >"$log"
    [[ -s $dir/build/build.ninja ]] ||
        run_logged "$log" "编译准备失败。" "$advice" cmake -S "$source" -B "$dir/build" -G Ninja \
            -DCMAKE_BUILD_TYPE=RelWithDebInfo -DRECTIFY_TESTS=OFF
    run_logged "$log" "编译失败。" "$advice" cmake --build "$dir/build" --target rectify rectifyd rectify-agent
    PROGRAMS_CHANGED= # read by the caller
    for name in rectify rectifyd rectify-agent; do
        programs_place "$(find "$dir/build" -type f -name "$name" -perm -u+x | head -n 1)" "$dir/bin/$name"
    done
}

# A running server keeps its old file: the new one is moved over the name.
programs_place() {
    ! cmp -s "$1" "$2" || return 0
    cp "$1" "$2.new"
    mv "$2.new" "$2"
    # shellcheck disable=SC2034 # read by quickstart
    PROGRAMS_CHANGED=yes
}

# server_configure HOME PORT CLUSTER DATABASE [ONBOARD-PORT]: writes rectifyd.ini; paths are relative
# to the home, which is the server's working folder (libinih reads lines of at most 200 bytes).
server_configure() {
    local dir=$1 port=$2 cluster=$3 database=$4 onboard=${5:-}
    cat >"$dir/rectifyd.ini.new" <<INI
; Written by deploy/quickstart at every start. "rectifyd config" explains each key.
[server]
listen = tls+tcp://127.0.0.1:$port
tenant = sample
state_dir = state
log_level = info
tick_seconds = 2
[tls]
cert = pki/rectifyd.crt
key = pki/rectifyd.key
ca = pki/ca.crt
[database]
conninfo = $(cluster_conninfo "$cluster" rectify_app "$database")
owner_conninfo = $(cluster_conninfo "$cluster" rectify_owner "$database")
[ledger]
key_file = keys/ledger.key
INI
    [[ -z $onboard ]] || cat >>"$dir/rectifyd.ini.new" <<INI
[onboard]
listen = tls+tcp://127.0.0.1:$onboard
ca_cert = pki/machine-ca.crt
ca_key = pki/machine-ca.key
INI
    mv "$dir/rectifyd.ini.new" "$dir/rectifyd.ini"
}

server_pid() {
    local pid exe
    pid=$(cat "$1/run/rectifyd.pid" 2>/dev/null) || return 1
    [[ $pid =~ ^[0-9]+$ ]] || return 1
    exe=$(readlink "/proc/$pid/exe" 2>/dev/null) || return 1
    [[ ${exe% (deleted)} == "$(readlink -f "$1")/bin/rectifyd" ]] || return 1
    printf '%s\n' "$pid"
}

server_running() { server_pid "$1" >/dev/null; }

# server_said HOME OFFSET EVENT: the log holds the event after the byte offset.
server_said() { tail -c "+$(($2 + 1))" "$1/log/rectifyd.log" | grep -q "event=$3\b"; }

server_up_or_dead() { server_said "$1" "$2" ready || ! server_running "$1"; }

# server_start HOME: starts it and waits until it has tested its own door and says "ready".
server_start() {
    local dir=$1 log=$1/log/rectifyd.log offset
    touch "$log"
    offset=$(stat -c %s "$log")
    (
        exec 8>&-
        cd "$dir" || exit
        exec setsid "$(readlink -f "$dir")/bin/rectifyd" serve --config rectifyd.ini
    ) >>"$log" 2>&1 </dev/null &
    printf '%s\n' $! >"$dir/run/rectifyd.pid"
    disown $!
    wait_until 5 server_running "$dir" || true
    wait_until 40 server_up_or_dead "$dir" "$offset" || true
    if ! server_said "$dir" "$offset" ready || ! server_running "$dir"; then
        tail -n 15 "$log" >&2
        fail "服务没有启动起来。" "请看日志里的最后几行；端口被占用时可用 --port 换一个。" "$log"
    fi
}

# server_stop HOME: asks it to finish what it has begun, and waits.
server_stop() {
    local pid
    pid=$(server_pid "$1") || return 0
    kill -TERM "$pid"
    wait_until 40 process_gone "$pid" ||
        fail "服务进程 $pid 没有停下。" "请看日志，稍后再试。" "$1/log/rectifyd.log"
    rm -f "$1/run/rectifyd.pid"
}

# server_admin HOME CMD…: a rectifyd command of the administrator (migrate, bootstrap, keygen).
server_admin() (
    local dir=$1
    shift
    cd "$dir" || exit
    run_logged "$dir/log/admin.log" "rectifyd $1 失败。" "请按日志里的提示处理，然后再运行一次。" \
        bin/rectifyd "$@"
)

# profile_write HOME PORT NAME…: what each client needs to know.
profile_write() {
    local dir=$1 port=$2 name
    shift 2
    for name in "$@"; do
        cat >"$dir/profiles/$name.ini.new" <<INI
server = tls+tcp://127.0.0.1:$port
server_name = rectifyd
tenant = sample
account = $name
password_file = ../secrets/$name.password
ca = ../pki/ca.crt
cert = ../pki/$name.crt
key = ../pki/$name.key
machine_key = ../keys/$name.key
state = ../state/$name
INI
        mv "$dir/profiles/$name.ini.new" "$dir/profiles/$name.ini"
        mkdir -p "$dir/state/$name"
        [[ -s $dir/secrets/$name.password ]] ||
            openssl rand -base64 18 >"$dir/secrets/$name.password"
    done
}
