#!/usr/bin/env bash
# deploy.sh ENV VERSION: deploy a tag, branch or commit.
set -euo pipefail
exec bash "$(dirname "${BASH_SOURCE[0]}")/operate" deploy "$@"
