# shellcheck shell=bash
# Installs what is missing from deploy/packages.txt, and nothing else. Needs say.sh.
#
# Debian's postgresql package creates and starts a cluster called "main" when it is first installed.
# Ours is private, so that must not happen: while apt runs, a drop-in tells pg_createcluster not to
# create one, and a policy file tells init not to start any other. Both are removed afterwards, so the
# system looks as after a plain install on which no main cluster was wanted.

PACKAGES_FILE=${PACKAGES_FILE:-$(dirname "${BASH_SOURCE[0]}")/../packages.txt}
PACKAGES_DROPIN=/etc/postgresql-common/createcluster.d/rectify-no-main.conf
PACKAGES_POLICY=/usr/sbin/policy-rc.d
PACKAGES_MARK='# made by rectify while packages install; remove it if you find it later'

as_root() {
    if ((EUID == 0)); then "$@"; else sudo -- "$@"; fi
}

package_installed() {
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# postgres_bin: prints the folder of the newest PostgreSQL server, 15 or later; 1 if there is none.
postgres_bin() {
    local dir
    while read -r dir; do
        [[ -x $dir/initdb && -x $dir/postgres ]] || continue
        if [[ $dir =~ /postgresql/([0-9]+)/bin$ ]] && ((BASH_REMATCH[1] >= 15)); then
            printf '%s\n' "$dir"
            return 0
        fi
    done < <(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV)
    return 1
}

# packages_missing GROUP…: prints the names not yet installed.
packages_missing() {
    local group name
    while read -r group name _; do
        [[ " $* " == *" $group "* ]] || continue
        [[ $name == postgresql ]] && postgres_bin >/dev/null && continue
        package_installed "$name" || printf '%s\n' "$name"
    done < <(grep -v '^#' "$PACKAGES_FILE")
}

# Where the guard stands is also how a run that was killed is cleaned up: by its mark, not by memory.
guard_remove() {
    if [[ -e $PACKAGES_DROPIN ]]; then
        as_root rm -f "$PACKAGES_DROPIN"
        as_root rmdir --ignore-fail-on-non-empty "$(dirname "$PACKAGES_DROPIN")" 2>/dev/null || true
    fi
    if grep -qsxF "$PACKAGES_MARK" "$PACKAGES_POLICY"; then
        as_root rm -f "$PACKAGES_POLICY"
    fi
}

guard_place() {
    as_root install -d -m 755 "$(dirname "$(dirname "$PACKAGES_DROPIN")")" "$(dirname "$PACKAGES_DROPIN")"
    printf '%s\ncreate_main_cluster = false\n' "$PACKAGES_MARK" |
        as_root tee "$PACKAGES_DROPIN" >/dev/null
    as_root chmod 644 "$PACKAGES_DROPIN"
    if [[ ! -e $PACKAGES_POLICY ]]; then
        # 101: the action is forbidden (Debian policy, invoke-rc.d); 0: allowed.
        printf '%s\n' '#!/bin/sh' "$PACKAGES_MARK" "case \$1 in postgresql*) exit 101 ;; esac" |
            as_root tee "$PACKAGES_POLICY" >/dev/null
        as_root chmod 755 "$PACKAGES_POLICY"
    fi
    if command -v pg_conftool >/dev/null && [[ -e /etc/postgresql-common/createcluster.conf ]] &&
        [[ $(pg_conftool /etc/postgresql-common/createcluster.conf show -bs create_main_cluster) != off ]]; then
        guard_remove
        fail "本机的 /etc/postgresql-common/createcluster.conf 不读取 createcluster.d，装数据库时会多建一个 main 集群。" \
            "请先自行安装 postgresql（版本 15 或以上），再运行一次。"
    fi
}

packages_apt() (
    umask 022 # files of packages are for everybody; ours are not
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120 "$@"
)

# packages_install LOG GROUP…: installs what is missing of the groups.
packages_install() {
    local log=$1 missing
    shift
    guard_remove
    mapfile -t missing < <(packages_missing "$@")
    ((${#missing[@]})) || return 0
    command -v apt-get >/dev/null ||
        fail "这台机器没有 apt-get，缺少的软件包装不了：${missing[*]}" "请在 Debian 12 上运行，或先自行装好上述软件。"
    if ((EUID != 0)) && ! command -v sudo >/dev/null; then
        fail "缺少软件包，而当前用户不是 root，也没有 sudo。" \
            "请用 root 运行：apt-get install ${missing[*]}，然后再运行一次。"
    fi
    say "  安装 ${#missing[@]} 个软件包：${missing[*]}"
    run_logged "$log" "软件包目录更新失败。" "请检查网络和 /etc/apt 里的软件源，然后再运行一次。" packages_apt update
    trap guard_remove EXIT
    [[ " ${missing[*]} " != *" postgresql "* ]] || guard_place
    run_logged "$log" "软件包安装失败。" "请按日志排除问题（磁盘、网络、正在运行的另一个 apt），然后再运行一次。" \
        packages_apt install -y --no-install-recommends "${missing[@]}"
    guard_remove
    trap - EXIT
}
