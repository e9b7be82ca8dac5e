#!/usr/bin/env bash
# Texts: the two READMEs say the same (same outline, same commands), and nothing in the tree names a
# place that exists on one machine only.
. "$(dirname "${BASH_SOURCE[0]}")/../support/lint.sh"

outline() { sed -nE 's/^(#+) .*/\1/p' "$1"; }
commands() { awk '/^```/ { on = /^```sh/; next } on' "$1" | sed -E 's/[ ]+#.*//'; }
places() ( # ROOT
    cd "$1" || exit
    find . \( -name .git -o -name 'build*' -o -name .rectify \) -prune -o -type f -size -400k -print0 |
        { xargs -0 grep -nIE '(^|[^A-Za-z0-9_./-])/(work|home/[a-z]+)/' || true; }
)

control=$(mktemp -d)
trap 'rm -rf "$control"' EXIT
printf 'see /%s/main/x\n' work >"$control/a.txt"
must_find "a path of one machine" "$(places "$control")"

findings=
diff <(outline README.md) <(outline README.zh-CN.md) >/dev/null ||
    findings+=$'README.md and README.zh-CN.md have different outlines\n'
findings+=$(diff <(commands README.md) <(commands README.zh-CN.md) |
    sed -n 's/^[<>]/command in only one README:/p' && printf x)
findings=${findings%x}$(places "$SOURCE_DIR")
verdict "texts" "${findings%$'\n'}"
