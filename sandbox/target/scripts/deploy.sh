#!/usr/bin/env bash
# deploy.sh ENV VERSION [COMMIT]: deploy a tag, branch or commit; COMMIT says which one the version is to be.
set -euo pipefail
exec bash "$(dirname "${BASH_SOURCE[0]}")/operate" deploy "$@"
