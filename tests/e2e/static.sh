#!/usr/bin/env bash
# The static client on a machine that has nothing: a root folder with the program, its keys and a
# hosts file, no library, no locale, no name service, an empty environment.
. "$SOURCE_DIR/tests/support/fixture.sh"
if grep -q '^RECTIFY_SANITIZE:STRING=.' "$BUILD_DIR/CMakeCache.txt"; then
    printf 'a sanitizer needs shared libraries: nothing to try here\n'
    exit 0
fi
fixture_open
log=$FIXTURE_DIR/link.log
cmake --build "$BUILD_DIR" --target rectify-static >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
expect_not "a warning of the linker" grep -i warning "$log"
program=$BUILD_DIR/static/rectify-static
expect_not "it asks for libraries" grep -q NEEDED <(readelf -d "$program" 2>/dev/null)
expect_not "or for a loader" grep -q INTERP <(readelf -lW "$program")

fixture_server office group unit01
fixture_sample
root=$FIXTURE_DIR/root
mkdir -p "$root"/{bin,etc,tmp}
cp "$program" "$root/bin/rectify"
cp -r "$HOME_DIR"/{profiles,pki,keys,secrets,state} "$root/"
printf '127.0.0.1 localhost\n127.0.0.1 ledger.example.cn ledger # by its own resolver\n' >"$root/etc/hosts"
sed -i "s|tls+tcp://[^:]*:|tls+tcp://Ledger.example.cn:|" "$root/profiles/unit01.ini"
expect "by name" grep -q Ledger.example "$root/profiles/unit01.ini"
rm -f "$root"/state/*/session
PATH=$PATH:/usr/sbin:/sbin
enter=("$(command -v chroot)")
((EUID == 0)) || enter=("$(command -v unshare)" -r "${enter[0]}")
whole=true
if "${enter[@]}" "$root" /bin/rectify version >"$FIXTURE_DIR/version" 2>&1; then
    inside() { env -i "${enter[@]}" "$root" /bin/rectify --home / --profile unit01 "$@"; }
else # no right to change the root: as bare as can be had
    whole=false
    printf 'no chroot here; with an empty environment instead\n' >&2
    sed -i "s|Ledger.example.cn|127.0.0.1|" "$root/profiles/unit01.ini"
    inside() { env -i "$root/bin/rectify" --home "$root" --profile unit01 "$@"; }
fi
expect "log in" inside login
expect "what waits" grep -q 待签收 <(inside todo)
first=$(inside measure list --state ASSIGNED -o json | jq -r '.measures[0].ref')
expect_shows "sign for it" 已收件 inside sign-for "$first"
# 合计 and the like in columns, as wide as they are, without any locale.
expect "the same table as on a whole machine" diff <(inside measure list) <(cli unit01 measure list)
inside table export --out /tmp/table.csv >/dev/null
iconv -f UTF-8 -t GB18030 "$root/tmp/table.csv" | sed 's/\r//' >"$root/tmp/gbk.csv"
expect_not "a GBK table is not refused for its encoding" grep CSV_ENCODING <(inside table submit /tmp/gbk.csv 2>&1)
if $whole; then
    sed -i 's/Ledger.example.cn/unknown.example.cn/' "$root/profiles/unit01.ini"
    code=0
    inside --timeout 5 health >"$FIXTURE_DIR/unknown" 2>&1 || code=$?
    expect_is "a name that nobody knows" 7 "$code"
    expect "is said to be that" grep -q 'HOST_UNKNOWN' "$FIXTURE_DIR/unknown"
fi
