# shellcheck shell=bash
# the Debian packages build and lintian has nothing to say
# default: yes

lint_packages() {
    lintian --fail-on error,warning --tag-display-limit 0 --allow-root "$ROOT"/build/package/*.changes
}

tier() {
    need build package
    check_that package-builds "$ROOT/dev" package
    check_that package-lintian lint_packages
}
