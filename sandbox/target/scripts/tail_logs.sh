#!/usr/bin/env bash
# tail_logs.sh ENV [LINES]: print the last lines of the application's log.
set -euo pipefail
exec bash "$(dirname "${BASH_SOURCE[0]}")/operate" tail_logs "$@"
