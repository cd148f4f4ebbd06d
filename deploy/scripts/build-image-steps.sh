#!/usr/bin/env bash
# Does what the Dockerfile does where there is no Docker: build-image-steps.sh [FOLDER]
#
# In FOLDER (a temporary one) it unpacks the very files that the Dockerfile copies, of what is committed; builds the engine of them
# with the same flags; puts the root of the image together from that and this machine's libraries; and runs it in there, as
# 65532, with all but the data folder read-only.
#
# It shows: that the named files are enough; that --locked holds; which libraries the binary needs, and that the base image
# has them; that the engine starts, serves, drains and ends without root and without writing elsewhere; with TWICE=1 also
# that two builds in different folders are the same, bit for bit. It does not show: that Docker takes the Dockerfile
# (hadolint looks at it), what is in the base image, the layers and their dates.
#
# CARGO (cargo), PROFILE (release; dev is quicker), CARGO_ARGS (such as --offline), GRIDOS_BINARY (do not build: take this)
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=deploy/scripts/ci/lib/say.sh
source "$here/ci/lib/say.sh"

# What gcr.io/distroless/cc-debian12 has: libc6, libgcc-s1, libgomp1, libstdc++6, libssl3 and their loader.
readonly BASE_LIBRARIES='^(linux-vdso|ld-linux-x86-64|libc|libm|libdl|libpthread|librt|libgcc_s|libstdc\+\+)\.so'
readonly USER_ID=65532

main() {
    [ $# -le 1 ] || usage
    need git tar unshare setpriv ldd
    folder=${1:-$(mktemp -d)}
    binary=${GRIDOS_BINARY:-}
    unpack "$folder/src"
    if [ -z "$binary" ]; then
        build "$folder/src" "$folder/target"
        binary=$built
        [ -z "${TWICE:-}" ] || build_again
    fi
    check_libraries
    assemble
    try_out
    say "the image would have $(du -sh --apparent-size "$folder/image/usr/bin/gridos" | cut -f 1) of engine; all is in $folder"
}

# The files of the COPY lines, as they are committed.
unpack() {
    local files
    mapfile -t files < <(sed -n '/--from/d; s/^COPY \(.*\) [^ ]*$/\1/p' "$here/../../Dockerfile" | tr ' ' '\n' | sort -u)
    mkdir -p "$1"
    git -C "$here/../.." archive HEAD "${files[@]}" | tar --extract --directory "$1"
    local file
    # A link whose target the Dockerfile does not copy is committed, and leads nowhere.
    for file in "${files[@]}"; do
        [ -e "$1/$file" ] || fail 1 "the Dockerfile copies $file, which leads to nothing that it copies"
    done
    say "unpacked: ${files[*]}"
}

# build SOURCE TARGET: sets $built.
build() {
    local profile=${PROFILE:-release} registry=${CARGO_HOME:-$HOME/.cargo} arguments=()
    read -ra arguments <<<"${CARGO_ARGS:-}"
    (
        cd "$1"
        export CARGO_TARGET_DIR=$2 CARGO_INCREMENTAL=0
        export RUSTFLAGS="--remap-path-prefix=$1=/gridos --remap-path-prefix=$registry=/cargo -C strip=symbols"
        export CFLAGS="-ffile-prefix-map=$1=/gridos -ffile-prefix-map=$2=/target -ffile-prefix-map=$registry=/cargo"
        "${CARGO:-cargo}" build --profile "$profile" --locked "${arguments[@]}" --package gridos --bin gridos >&2
    )
    built=$2/${profile/#dev/debug}/gridos
}

build_again() {
    unpack "$folder/again/elsewhere"
    build "$folder/again/elsewhere" "$folder/again/target"
    cmp "$binary" "$built" || fail 1 "two builds of the same source differ"
    say "two builds are the same: $(sha256sum <"$binary")"
}

check_libraries() {
    local needed name
    needed=$(ldd "$binary" | sed 's/^[[:space:]]*//; s/ .*//; s#.*/##')
    for name in $needed; do
        [[ $name =~ $BASE_LIBRARIES ]] || fail 1 "the engine needs $name, which the base image has not"
    done
    say "libraries: $(one_line "$needed")"
}

assemble() {
    local root=$folder/image library
    install -D --mode=0755 "$binary" "$root/usr/bin/gridos"
    install --directory --mode=0750 --owner=$USER_ID --group=$USER_ID "$root/var/lib/gridos"
    install --directory "$root/proc" "$root/dev" "$root/etc/gridos" "$root/tmp"
    for library in $(ldd "$binary" | grep -o '/[^ ]*'); do
        install -D "$(readlink -f "$library")" "$root$library"
    done
    cat >"$root/etc/gridos/gridos.toml" <<'CONFIG'
[engine]
data_dir = "/var/lib/gridos"

[http]
listen = "127.0.0.1:0"

[[profile]]
name = "probe"
protocol = "push"
point = [{ name = "value" }]

[[device]]
name = "probe"
profile = "probe"
CONFIG
}

# In name spaces of its own (so it needs root, or a kernel that lets others have them): a read-only root, no network.
try_out() {
    local root=$folder/image script
    # shellcheck disable=SC2016 # expanded in there
    script='
        set -eu
        mount --bind "$1" "$1"
        mount --bind "$1/var/lib/gridos" "$1/var/lib/gridos"
        mount --bind /dev "$1/dev"
        mount -t proc proc "$1/proc"
        mount -o remount,bind,ro "$1"
        ip link set lo up 2>/dev/null || true
        root=$1 user=$2; shift 2
        setpriv --bounding-set=-all,+sys_chroot,+setuid,+setgid chroot --userspec="$user:$user" "$root" "$@"
    '
    local run=(unshare --mount --pid --net --fork --kill-child bash -c "$script" try "$root" "$USER_ID")
    "${run[@]}" /usr/bin/gridos --version >&2
    "${run[@]}" /usr/bin/gridos run --for 2s /etc/gridos/gridos.toml >&2
    [ -n "$(find "$root/var/lib/gridos" -type f -user $USER_ID)" ] || fail 1 "the engine wrote nothing as $USER_ID"
    say "it ran as $USER_ID on a read-only root, and drained"
}

main "$@"
