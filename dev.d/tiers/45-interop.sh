# shellcheck shell=bash
# a TUF client by others reads what lprepo makes
# default: yes

# tuf-js and what it needs, as tests/interop/package-lock.json pins them by their hashes. They are
# fetched once and kept in the cache; with an empty cache and no network this fails.
fetch_client() {
    local directory=$1
    [[ ! -d $directory/node_modules ]] || return 0
    command -v npm >/dev/null || need interop
    rm -rf "$directory.new"
    mkdir -p "$directory.new"
    cp -r "$ROOT"/tests/interop/{package.json,package-lock.json,no-network} "$directory.new/"
    if ! npm --prefix "$directory.new" ci --ignore-scripts --no-audit --no-fund --prefer-offline; then
        say "tuf-js cannot be fetched: this test needs a package registry once (npm config get registry)"
        return 1
    fi
    mv "$directory.new" "$directory"
}

tier() {
    local directory
    need build
    directory=$(cache_dir interop)/$(hash_of "$ROOT/tests/interop/package-lock.json" "$ROOT/tests/interop/no-network")
    check_that client-fetched fetch_client "$directory"
    # Also without it: then the test says what is missing.
    NODE_PATH=$directory/node_modules run_ctest asan 'interop'
}
