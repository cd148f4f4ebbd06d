# shellcheck shell=bash
# The image that an overlay names: reading it, and putting another in its place without touching anything else.

# The value of newTag or digest of the image gridos in a kustomization.
overlay_image() {
    awk '
        /^images:/ { images = 1; next }
        images && /^[^ #-]/ { images = 0 }
        images && /^ *- / { ours = 0 }
        images && /^ *(- )? *name: *"?gridos"? *$/ { ours = 1 }
        images && ours && /^ *(- )?(newTag|digest):/ {
            sub(/^ *(- )?(newTag|digest): */, ""); sub(/ *#.*$/, ""); gsub(/["'\'']/, "")
            print
        }
    ' "$1"
}

# set_overlay_image FILE VALUE: a digest (sha256:…) or a tag; the kind of key follows it.
set_overlay_image() {
    local file=$1 value=$2 key=newTag new
    [[ $value != sha256:* ]] || key=digest
    new=$(mktemp)
    awk -v key="$key" -v value="$value" '
        /^images:/ { images = 1; print; next }
        images && /^[^ #-]/ { images = 0 }
        images && /^ *- / { ours = 0 }
        images && /^ *(- )? *name: *"?gridos"? *$/ { ours = 1 }
        images && ours && match($0, /^ *(- )?(newTag|digest): */) {
            before = substr($0, 1, RLENGTH); sub(/(newTag|digest): *$/, "", before)
            comment = match($0, / +#.*$/) ? substr($0, RSTART) : ""
            print before key ": " (key == "newTag" ? "\"" value "\"" : value) comment
            next
        }
        { print }
    ' "$file" >"$new"
    cat "$new" >"$file"
    rm -f "$new"
    [ "$(overlay_image "$file")" = "$value" ] ||
        fail 1 "$file has no single entry of the image 'gridos' with newTag or digest; it cannot be edited"
}

is_tag() { [[ $1 =~ ^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$ ]]; }
is_digest() { [[ $1 =~ ^sha256:[0-9a-f]{64}$ ]]; }
