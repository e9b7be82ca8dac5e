#!/usr/bin/env bash
# The generator of tests/bench/scale at a thousandth of its size: maintained totals equal a count.
set -euo pipefail
exec "$SOURCE_DIR/tests/bench/scale" "$BUILD_DIR" 1000
