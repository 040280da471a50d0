#!/usr/bin/env bash
# restart_service.sh [ENV]: restart supervisor and application; production unless told.
set -euo pipefail
exec bash "$(dirname "${BASH_SOURCE[0]}")/operate" restart_service "$@"
