#!/usr/bin/env bash
# wait_for_health.sh URL SECONDS: wait until the URL answers 200.
set -euo pipefail
exec bash "$(dirname "${BASH_SOURCE[0]}")/operate" wait_for_health "$@"
