# shellcheck shell=bash
# Shared by all verbs: messages, privileges, cache directory, required packages.
# Messages go to stderr: the stdout of a verb belongs to what it was asked for.

# Debian's users have no sbin in their PATH; depmod, modprobe and debugfs are there.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

say() { printf '%s\n' "$*" >&2; }
die() {
    say "dev: $*"
    exit 1
}
usage_error() {
    say "dev: $*"
    exit 2
}

# Run a command as root: directly, or through sudo for everybody else.
as_root() {
    if [[ $EUID -eq 0 ]]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo -- "$@"
    else
        die "this needs root, and sudo is not installed: $*"
    fi
}

# Print the cache directory for AREA, made if missing. Everything in it can be made again.
cache_dir() {
    local dir=${LIVEPATCHD_CACHE:-${XDG_CACHE_HOME:-${HOME:-/var}/.cache}/livepatchd}/$1
    mkdir -p "$dir"
    (cd "$dir" && pwd -P)
}

# with_lock FILE COMMAND...: run a command while nobody else holds FILE. The lock is not
# inherited by what the command leaves running.
with_lock() {
    local file=$1 fd status=0
    shift
    exec {fd}>"$file"
    flock -n "$fd" || { say "waiting for another ./dev (${file##*/}) ..." && flock "$fd"; }
    "$@" {fd}>&- || status=$?
    exec {fd}>&-
    return "$status"
}

# The tree's files, NUL-separated, committed or not. Git refuses a tree of somebody else's, as that
# of a container often is, unless told that it is meant.
tree_files() {
    git -C "$ROOT" -c safe.directory="$ROOT" ls-files -z --cached --others --exclude-standard "$@"
}

# Print one hash for the content and names (in this tree: every clone has the same) of the given
# files and directories.
hash_of() {
    find "$@" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sed "s|  $ROOT/|  |" |
        sha256sum | cut -c1-16
}

# Packages of the given groups in packages.txt, one a line.
packages_of() {
    local group
    for group; do
        awk -v group="$group" '$1 == group { for (i = 2; i <= NF && $i !~ /^#/; i++) print $i }' \
            "$ROOT/dev.d/packages.txt"
    done
}

# Print those of the named packages that are not installed.
missing_packages() {
    dpkg-query -W -f '${db:Status-Status} ${Package}\n' 2>/dev/null |
        awk -v wanted="$*" '$1 == "installed" { have[$2] = 1 }
            END { n = split(wanted, w, " "); for (i = 1; i <= n; i++) if (!(w[i] in have)) print w[i] }'
}

# need GROUP...: install what is missing of these groups. Nothing is asked of the
# network when all is there.
need() {
    local missing
    # The lists hold package names only, so splitting them is right.
    # shellcheck disable=SC2046
    mapfile -t missing < <(missing_packages $(packages_of "$@"))
    [[ ${#missing[@]} -gt 0 ]] || return 0
    say "installing: ${missing[*]}"
    apt_get update
    apt_get install --yes --no-install-recommends "${missing[@]}"
}

# Silent unless it fails.
apt_get() {
    local output status=0
    output=$(mktemp)
    as_root env DEBIAN_FRONTEND=noninteractive apt-get --quiet=2 -o DPkg::Lock::Timeout=600 \
        -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 "$@" </dev/null >"$output" 2>&1 || status=$?
    [[ $status -eq 0 ]] || cat "$output" >&2
    rm -f "$output"
    return "$status"
}
