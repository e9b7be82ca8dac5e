# shellcheck shell=bash
# A private PostgreSQL cluster in one folder: DIR/data, DIR/socket (its name), DIR/postgresql.log.
# Used by deploy/quickstart and by the tests. Needs say.sh and packages.sh. Blocks while it works.
#
# Three things make it work for every user and every path:
# - PostgreSQL refuses to run as root. Started by root, it runs as the user `postgres`, who cannot walk
#   into folders such as /root. So it never walks: root opens the data folder as descriptor 9 and
#   PostgreSQL gets -D /proc/self/fd/9, which leads to the open folder and not along a path.
# - A socket file's path ends at 107 bytes, a home may lie deeper. The socket is therefore an abstract
#   one (@rectify-<random>), which has no path at all and no file to leave behind.
# - Anybody on the machine may connect to an abstract socket, so nobody is trusted: the kernel tells the
#   server who calls (peer), and only the owner of the home is mapped to a role. The other way round,
#   clients check who listens (requirepeer), so nobody can pose as the server while it is down.
# There is no TCP listener. fsync stays on.

# cluster_user: the system user the cluster runs as.
cluster_user() {
    if ((EUID == 0)); then printf 'postgres\n'; else id -un; fi
}

# cluster_exec DIR CMD…: becomes CMD as the cluster's user, data folder open as descriptor 9.
cluster_exec() {
    local dir=$1 user
    shift
    user=$(cluster_user)
    exec 9<"$dir/data"
    cd /
    local clean=(env -i "PATH=$PATH" HOME=/ LC_ALL=C.UTF-8)
    if ((EUID == 0)); then
        exec setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups --inh-caps=-all \
            "${clean[@]}" "$@"
    fi
    exec "${clean[@]}" "$@"
}

# cluster_init DIR [INITDB-ARGS…]: makes the cluster; keeps one that was made completely.
cluster_init() {
    local dir=$1 user bin
    shift
    [[ ! -e $dir/socket ]] || return 0
    bin=$(postgres_bin) || fail "找不到 PostgreSQL 15 或以上的服务程序。" "请安装 postgresql 后再运行一次。"
    user=$(cluster_user)
    rm -rf "$dir/data" # left by a run that was cut off before it wrote the socket's name
    mkdir -p "$dir"
    install -d -m 700 "$dir/data"
    ((EUID != 0)) || chown "$user": "$dir/data"
    run_logged "$dir/postgresql.log" "建立数据库集群失败。" "请看日志；常见原因是磁盘已满。" \
        cluster_init_run "$dir" "$bin" "$@"
    cluster_configure "$dir" "$user"
    printf '@rectify-%s\n' "$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')" >"$dir/socket.new"
    mv "$dir/socket.new" "$dir/socket"
}

cluster_init_run() (
    cluster_exec "$1" "$2/initdb" -D /proc/self/fd/9 -E UTF8 --locale=C.UTF-8 -U postgres \
        --auth-local=peer --auth-host=reject "${@:3}"
)

# The two access files are written through the folder's owner, like everything else in it.
cluster_configure() {
    local dir=$1 user=$2 me
    me=$(id -un)
    {
        printf 'rectify %s postgres\n' "$me" "$user"
        printf "rectify $me %s\n" rectify_owner rectify_app rectify_backup
    } | sort -u | cluster_write "$dir" pg_ident.conf
    printf 'local all all peer map=rectify\nlocal replication all reject\n' |
        cluster_write "$dir" pg_hba.conf
}

cluster_write() (
    cluster_exec "$1" sh -c "cat >/proc/self/fd/9/$2"
)

cluster_pid() {
    local pid
    pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null) || return 1
    [[ $pid =~ ^[0-9]+$ && $(readlink "/proc/$pid/cwd" 2>/dev/null) == "$(readlink -f "$1/data")" ]] || return 1
    printf '%s\n' "$pid"
}

cluster_running() { cluster_pid "$1" >/dev/null; }

cluster_ready() {
    "$(postgres_bin)/pg_isready" -q -h "$(<"$1/socket")" -p 5432 -U postgres -d postgres
}

# cluster_start DIR [NAME=VALUE…]: starts it if it does not run, and waits until it answers.
cluster_start() {
    local dir=$1 bin options=() setting
    shift
    cluster_running "$dir" && wait_until 60 cluster_ready "$dir" && return 0
    bin=$(postgres_bin)
    for setting in listen_addresses= unix_socket_directories="$(<"$dir/socket")" port=5432 \
        max_connections=120 client_connection_check_interval=2s log_min_messages=warning \
        log_line_prefix='%m [%p] %q%u@%d ' timezone=UTC "$@"; do
        options+=(-c "$setting")
    done
    (
        exec 8>&- # the caller's lock must not live on in the server
        cluster_exec "$dir" setsid "$bin/postgres" -D /proc/self/fd/9 "${options[@]}"
    ) >>"$dir/postgresql.log" 2>&1 </dev/null &
    disown $!
    wait_until 60 cluster_up "$dir" ||
        fail "数据库没有启动。" "请看日志；若提示共享内存或磁盘不足，请先腾出空间。" "$dir/postgresql.log"
}

cluster_up() { cluster_running "$1" && cluster_ready "$1"; }

# cluster_stop DIR: fast shutdown; open transactions are rolled back, nothing committed is lost.
cluster_stop() {
    local pid
    pid=$(cluster_pid "$1") || return 0
    kill -INT "$pid"
    wait_until 60 process_gone "$pid" || fail "数据库进程 $pid 没有停下。" "请稍后再试。" "$1/postgresql.log"
}

process_gone() { ! kill -0 "$1" 2>/dev/null; }

# cluster_conninfo DIR ROLE DATABASE: prints a libpq string.
cluster_conninfo() {
    printf 'host=%s port=5432 dbname=%s user=%s requirepeer=%s connect_timeout=5' \
        "$(<"$1/socket")" "$3" "$2" "$(cluster_user)"
}

# cluster_psql DIR DATABASE [PSQL-ARGS…]: as superuser, stops at the first error.
cluster_psql() {
    local dir=$1 database=$2
    shift 2
    "$(postgres_bin)/psql" -X -q -v ON_ERROR_STOP=1 "$@" "$(cluster_conninfo "$dir" postgres "$database")"
}
