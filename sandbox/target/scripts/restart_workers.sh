#!/usr/bin/env bash
# restart_workers.sh graceful [ENV]: a new application process; production unless told.
set -euo pipefail
exec bash "$(dirname "${BASH_SOURCE[0]}")/operate" restart_workers "$@"
