#!/usr/bin/env bash
# Tells Slack how a delivery went: notify-slack.sh success|failure|cancelled
#
# SLACK_WEBHOOK_URL (without it nobody is told, which is no failure), ENVIRONMENT, IMAGE_TAG, COMMIT_SHA
# ARGOCD_SERVER (https://…) and APPLICATION for the link; RUN_URL, REASON if there is more to tell
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=deploy/scripts/ci/lib/say.sh
source "$here/lib/say.sh"
# shellcheck source=deploy/scripts/ci/lib/http.sh
source "$here/lib/http.sh"
# shellcheck source=deploy/scripts/ci/lib/argocd.sh
source "$here/lib/argocd.sh"

main() {
    [ $# -eq 1 ] && [[ $1 =~ ^(success|failure|cancelled)$ ]] || usage
    if [ -z "${SLACK_WEBHOOK_URL:-}" ]; then
        warn "nobody is told: SLACK_WEBHOOK_URL is not set"
        return
    fi
    need curl jq
    # The address is the secret: it goes to curl by a file, not by the command line.
    http '' --header 'Content-Type: application/json' --data-binary @<(message "$1") \
        --config <(printf 'url = "%s"\n' "$SLACK_WEBHOOK_URL") || fail 1 "Slack does not answer"
    [ "$status" = 200 ] || fail 1 "Slack does not take it: $(answered)"
}

# Text in blocks; what stands in variables is text only, whatever is in it.
message() {
    local link=
    [ -z "${ARGOCD_SERVER:-}" ] || [ -z "${APPLICATION:-}" ] || link=$(argocd_link "$APPLICATION")
    jq --null-input --arg outcome "$1" --arg link "$link" '
        def text: gsub("&"; "&amp;") | gsub("<"; "&lt;") | gsub(">"; "&gt;") | .[:1500];
        def field(name; value): {type: "mrkdwn", text: "*\(name)*\n\(value | text)"};
        def anchor(link; name): if link == "" then empty else "<\(link | text)|\(name)>" end;
        ({success: ":white_check_mark:", failure: ":x:", cancelled: ":no_entry_sign:"}[$outcome]) as $sign
        | "GridOS \($ENV.ENVIRONMENT // "?"): \($outcome)" as $title
        | {
            text: ($title | text),
            blocks: ([
                {type: "section", text: {type: "mrkdwn", text: "\($sign) *\($title | text)*"}},
                {type: "section", fields: [
                    field("Image"; $ENV.IMAGE_TAG // "?"),
                    field("Commit"; $ENV.COMMIT_SHA // "?")
                ]},
                ($ENV.REASON // "" | select(. != "") | {type: "section", text: {type: "mrkdwn", text: text}}),
                ([anchor($link; "Argo CD"), anchor($ENV.RUN_URL // ""; "the run")] | select(length > 0)
                    | {type: "section", text: {type: "mrkdwn", text: join("  |  ")}})
            ])
        }'
}

main "$@"
