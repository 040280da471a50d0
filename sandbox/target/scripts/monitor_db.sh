#!/usr/bin/env bash
# monitor_db.sh ENV: the database's state as JSON.
set -euo pipefail
exec bash "$(dirname "${BASH_SOURCE[0]}")/operate" monitor_db "$@"
