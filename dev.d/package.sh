# shellcheck shell=bash
# ./dev package: the Debian packages, into build/package/. Nothing is done when no input has changed.
[[ -d $ROOT/packaging/debian ]] || die "there is no packaging/debian yet"
need build package

package_out=$ROOT/build/package
mkdir -p "$package_out"
# The build is a script of its own, so that an error ends it: see with_lock.
with_lock "$package_out/.lock" bash "$ROOT/dev.d/lib/build-package.sh" "$package_out"
