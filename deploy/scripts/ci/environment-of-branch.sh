#!/usr/bin/env bash
# Tells where a branch goes to: environment-of-branch.sh BRANCH
#
#   dev → dev, test → test, main → prod; every other branch goes nowhere, and all results are empty.
#
# Results: environment, application (of Argo CD), and the environments of GitHub whose secrets and reviewers count:
# writer (who may change the overlay), observer (who only looks on), reverter (who takes back what failed).
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=deploy/scripts/ci/lib/say.sh
source "$here/lib/say.sh"
[ $# -eq 1 ] || usage

environment='' writer='' observer='' reverter=''
case $1 in
    dev | test) environment=$1 writer=$1 observer=$1 reverter=$1 ;;
    # Reviewers are asked by each job of an environment: to look on and to go back must not wait for them.
    main) environment=prod writer=production observer=production-observe reverter=production-revert ;;
esac
result environment "$environment"
result application "${environment:+gridos-$environment}"
result writer "$writer"
result observer "$observer"
result reverter "$reverter"
