#!/usr/bin/env bash
# Looks at environments of deploy/terraform without touching anything: terraform-check.sh ENVIRONMENT…
#
# Format, validate without a backend, TFLint where it is installed (TFLINT_NEEDED=1: it must be), Checkov. What an environment's tests assert needs a plan, and so Azure:
# terraform-plan.sh looks at that.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=deploy/scripts/ci/lib/say.sh
source "$here/lib/say.sh"
[ $# -gt 0 ] || usage
need terraform checkov
cd "$here/../../terraform"

terraform fmt -check -recursive -diff
for environment in "$@"; do
    [ -d "environments/$environment" ] || fail 2 "no environment '$environment' in deploy/terraform/environments"
    terraform -chdir="environments/$environment" init -backend=false -input=false >/dev/null
    terraform -chdir="environments/$environment" validate
done
if command -v tflint >/dev/null; then
    tflint --init
    tflint --recursive --minimum-failure-severity=warning
else
    [ -z "${TFLINT_NEEDED:-}" ] || fail 2 "tflint is not installed"
    warn "tflint is not installed, and was not run"
fi
checkov --directory . --framework terraform --skip-download --quiet --compact
