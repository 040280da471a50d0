#!/usr/bin/env bash
# stop.sh [ENV]: stop supervisor and application; production unless told.
set -euo pipefail
exec bash "$(dirname "${BASH_SOURCE[0]}")/operate" stop "$@"
