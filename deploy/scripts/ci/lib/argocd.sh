# shellcheck shell=bash
# Asking Argo CD. Needs say.sh and http.sh, ARGOCD_SERVER (https://…) and ARGOCD_TOKEN.
# shellcheck disable=SC2154,SC2034 # shared with http.sh and with who sources this

# argocd PATH: true if the answer is JSON, which is then in $body. False if there is none at the moment, with the
# reason in $trouble. A refusal ends the script: it does not pass by waiting.
argocd() {
    trouble=
    if ! http "$ARGOCD_TOKEN" "${ARGOCD_SERVER%/}/api/v1/$1"; then
        trouble="$ARGOCD_SERVER does not answer"
        return 1
    fi
    case $status in
        200) ;;
        401) fail 1 "Argo CD does not know the token (401): make a new one for the account of the pipeline, and put it into ARGOCD_TOKEN" ;;
        403) fail 1 "Argo CD refuses (403): there is no such application, or the token may not 'get' it in the project's role" ;;
        *) trouble="Argo CD answers: $(answered)"; return 1 ;;
    esac
    holds 'type == "object"' || {
        trouble="Argo CD answers something that is no JSON object: $(answered)"
        return 1
    }
}

# Where people see the application.
argocd_link() { printf '%s/applications/argocd/%s\n' "${ARGOCD_SERVER%/}" "$1"; }
