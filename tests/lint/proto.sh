#!/usr/bin/env bash
# What the descriptors cannot show of the .proto files: their head, words that are not used here, and
# gaps in the numbers (a number given up must stay reserved). The rest: schema_test.c.
. "$(dirname "${BASH_SOURCE[0]}")/../support/lint.sh"

check() { # FILE…
    awk '
        function say(what) { print FILENAME ":" FNR ": " what }
        function finish(   i) { # a message or enum ended: every number up to the last is there
            for (i = first; i <= last; i++)
                if (!(i in used)) print FILENAME ": " name ": number " i " is missing and not reserved"
        }
        FNR == 1 {
            if (NR > 1 && !head) print before ": lacks syntax, package or c_package"
            head = 0; before = FILENAME; name = ""
            if ($0 !~ /^\/\/ /) say("no comment on what the file is about")
        }
        /^syntax = "proto2";$/ || /^package rectify\.v1;$/ { seen[FILENAME]++ }
        /^option \(pb_c_file\)\.c_package = "pb";$/ { head = ++seen[FILENAME] == 3 }
        { code = $0; sub(/\/\/.*/, "", code); gsub(/"[^"]*"/, "", code) }
        code ~ /(^|[ \t])(required|group|extend|extensions|oneof|import[ \t]+public)[ \t]/ { say("a construct that is not used here") }
        code ~ /map[ \t]*</ { say("a map") }
        code ~ /\[[ \t]*default/ { say("a default: absent means not said") }
        code ~ /(returns|rpc)[^;]*\([ \t]*stream/ { say("stream: protoc-c drops the word silently") }
        code ~ /^(message|enum) / && code !~ /\{\}/ {
            name = $2; first = $1 == "enum" ? 0 : 1; last = -1; delete used
        }
        name != "" && match(code, /= [0-9]+;/) {
            number = substr(code, RSTART + 2, RLENGTH - 3) + 0
            used[number] = 1; if (number > last) last = number
        }
        name != "" && code ~ /^[ \t]*reserved [0-9]/ {
            gsub(/[^0-9, ]/, "", code); n = split(code, part, /[ ,]+/)
            for (i = 1; i <= n; i++) if (part[i] != "") used[part[i] + 0] = 1
        }
        /^\}/ { if (name != "") finish(); name = "" }
        END { if (!head) print before ": lacks syntax, package or c_package" }' "$@"
}

control=$(mktemp)
trap 'rm -f "$control"' EXIT
head='// Control.\nsyntax = "proto2";\npackage rectify.v1;\noption (pb_c_file).c_package = "pb";\n'
try() { # BODY
    printf '%b%b' "$head" "$1" >"$control"
    check "$control"
}
[[ -z $(try 'message M {\n  optional string a = 1;\n  reserved 2;\n  optional string c = 3;\n}\n') ]] ||
    must_find "nothing in a good file" ""
must_find "a gap" "$(try 'message M {\n  optional string a = 1;\n  optional string c = 3;\n}\n')"
must_find "a map" "$(try 'message M {\n  map<string, string> a = 1;\n}\n')"
must_find "required" "$(try 'message M {\n  required string a = 1;\n}\n')"
must_find "a stream" "$(try 'service S {\n  rpc A(stream B) returns (C);\n}\n')"
must_find "a default" "$(try 'message M {\n  optional int32 a = 1 [default = 3];\n}\n')"
printf '// x\nsyntax = "proto3";\n' >"$control"
must_find "a head of another kind" "$(check "$control")"
verdict "proto files" "$(check proto/rectify/v1/*.proto)"
