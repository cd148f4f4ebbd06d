#!/usr/bin/env bash
# Tells which environment a branch goes to: environment-of-branch.sh BRANCH
#
#   dev → dev, test → test, main → prod; every other branch goes nowhere (an empty environment).
#
# Results: environment, application (of Argo CD).
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=deploy/scripts/ci/lib/say.sh
source "$here/lib/say.sh"
[ $# -eq 1 ] || usage

case $1 in
    dev | test) environment=$1 ;;
    main) environment=prod ;;
    *) environment= ;;
esac
result environment "$environment"
result application "${environment:+gridos-$environment}"
