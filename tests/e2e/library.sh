#!/usr/bin/env bash
# librectify as others get it: installed into an empty tree, found by pkg-config and by CMake, linked
# shared and static, at work against a real server; and the command line links against it alone.
. "$SOURCE_DIR/tests/support/fixture.sh"
fixture_open
tree=$FIXTURE_DIR/tree
for component in library development; do
    cmake --install "$BUILD_DIR" --prefix "$tree" --component $component >"$FIXTURE_DIR/install.log"
done
cp -r "$SOURCE_DIR/client/example" "$FIXTURE_DIR/example"
cd "$FIXTURE_DIR/example"
sanitize=$(sed -n 's/^RECTIFY_SANITIZE:STRING=//p' "$BUILD_DIR/CMakeCache.txt")
flags=(-std=c11 -Wall -Wextra -Werror ${sanitize:+-fsanitize="$sanitize"})
libdir=$(dirname "$(find "$tree" -name librectify.so)")
export PKG_CONFIG_PATH=$libdir/pkgconfig
read -ra shared < <(pkg-config --cflags --libs rectify)
read -ra static < <(pkg-config --cflags --libs --static rectify)

# ---- built from the tree alone
expect "pkg-config, shared" cc "${flags[@]}" oa.c "${shared[@]}" -o oa-shared
expect "pkg-config, static" cc "${flags[@]}" oa.c "${static[@]/#-lrectify/-l:librectify.a}" -o oa-static
cmake -S . -B build -DCMAKE_PREFIX_PATH="$tree" -DCMAKE_C_FLAGS="${flags[*]}" >cmake.log
expect "CMake" cmake --build build
expect "which found it there" grep -q "^rectify_DIR:PATH=$tree" build/CMakeCache.txt
mkdir next && sed 's/find_package(rectify 0.1/find_package(rectify 0.2/; s/oa\.c/..\/oa.c/' CMakeLists.txt >next/CMakeLists.txt
expect_not "the next minor version is asked for and taken" \
    cmake -S next -B next/build -DCMAKE_PREFIX_PATH="$tree"
expect "which says why" grep -q 'compatible with requested version "0.2"' "$FIXTURE_DIR/not"
expect "SONAME with the minor version" grep -q 'librectify.so.0.1\b' <(readelf -d "$libdir/librectify.so")
expect "a static program asks for no librectify" expect_not "it does" grep librectify <(ldd oa-static)
headers_alone() {
    local header
    read -ra flags_public < <(pkg-config --cflags rectify)
    for header in "$tree"/include/rectify/*.h; do
        printf '#include <rectify/%s>\nint x;\n' "${header##*/}" >one.c
        cc -std=c11 -Wall -Wextra -Werror -c one.c -o one.o "${flags_public[@]}" || return 1
    done
}
expect "each public header stands alone" headers_alone
printf '#include <rectify/rectify.h>\nint rectify_channel_send(void);\nint main(void) { return rectify_channel_send(); }\n' >private.c
expect_not "a private function" cc "${flags[@]}" private.c "${shared[@]}" -o private

# ---- the command line, from its objects and the shared library
awk '{ print $1, "rectify_" $1 }' "$BUILD_DIR/librectify/plain" >names
for object in client/cli/CMakeFiles/rectify.dir/main.c.o client/cli/librectify_cli.a; do
    objcopy --redefine-syms=names "$BUILD_DIR/$object" "$(basename "$object")"
done
cc ${sanitize:+-fsanitize="$sanitize"} main.c.o librectify_cli.a "${shared[@]}" -lutf8proc \
    -Wl,--no-undefined -Wl,--as-needed -o rectify-shared

# ---- at work
fixture_server office group unit01
fixture_sample
export LD_LIBRARY_PATH=$libdir
profile=$HOME_DIR/profiles/unit01.ini
waiting=$(json unit01 measure list --state ASSIGNED | jq '.measures | length')
expect "some measures wait" test "$waiting" -gt 0
for oa in oa-shared oa-static build/oa; do
    expect_is "$oa lists what waits" "$waiting" "$(./$oa "$profile" waits | wc -l)"
done
method=rectify.v1.MeasureService/SignFor
first=$(./oa-shared "$profile" waits | head -n 1 | cut -f 1)
code=0
./oa-shared "$profile" call $method '{"measure":1}' 2>refused || code=$?
expect_is "a field that is none" 'INVALID_ARGUMENT JSON_UNKNOWN_FIELD' \
    "$(jq -r '"\(.code) \(.reason)"' refused)"
expect_is "and says so to the shell" 1 "$code"
signed=$(./oa-static "$profile" call $method "{\"measures\":[{\"ref\":\"$first\"}]}")
expect "a command in JSON leaves a receipt" jq -e '.receipt.number and .reply' <<<"$signed"
expect_is "and is done" $((waiting - 1)) "$(./build/oa "$profile" waits | wc -l)"
second=$(./oa-shared "$profile" waits | grep -m 1 "^${first%-M-*}-" | cut -f 1)
expect "a command is kept" ./oa-shared "$profile" queue $method "{\"measures\":[{\"ref\":\"$first\"}]}"
expect "and another" ./oa-static "$profile" queue $method "{\"measures\":[{\"ref\":\"$second\"}]}"
expect_is "nothing was sent" $((waiting - 1)) "$(./build/oa "$profile" waits | wc -l)"
expect_is "what was signed for already is refused and holds nothing up" 'received 1, refused 1, waiting 0' \
    "$(./oa-shared "$profile" send | tail -n 1)"
expect_is "the other is done" $((waiting - 2)) "$(./build/oa "$profile" waits | wc -l)"
expect_shows "the command line on the shared library" 待签收 ./rectify-shared --profile "$profile" todo
