#!/usr/bin/env bash
# Every C file stands as clang-format 14 writes it.
. "$(dirname "${BASH_SOURCE[0]}")/../support/lint.sh"
must_find "a badly formatted line" \
    "$(printf 'int  x ;\n' | clang-format-14 --style=file --dry-run 2>&1 || true)"
our_c | xargs clang-format-14 --style=file --dry-run -Werror
