#!/usr/bin/env bash
# All scripts pass shellcheck.
. "$(dirname "${BASH_SOURCE[0]}")/../support/lint.sh"
# shellcheck disable=SC2016 # the control is text, not code
must_find "an unquoted variable" "$(printf '#!/bin/bash\nrm $1\n' | shellcheck - || true)"
our_scripts | xargs shellcheck -x -e SC1091
