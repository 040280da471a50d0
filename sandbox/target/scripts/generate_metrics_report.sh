#!/usr/bin/env bash
# generate_metrics_report.sh --last-24h [ENV]: a text report; production unless told.
set -euo pipefail
exec bash "$(dirname "${BASH_SOURCE[0]}")/operate" metrics_report "$@"
