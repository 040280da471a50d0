#!/usr/bin/env bash
# maintenance_mode.sh enable|disable [ENV]: production unless told.
set -euo pipefail
exec bash "$(dirname "${BASH_SOURCE[0]}")/operate" maintenance_mode "$@"
