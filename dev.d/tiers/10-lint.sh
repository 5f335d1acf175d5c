# shellcheck shell=bash
# shell, C++ format, coroutine shapes, XML, units, manual pages, nothing of a workplace in the tree
# default: yes

tracked() { tree_files -- "$@"; }
cpp_files() { tracked '*.cpp' '*.hpp' '*.h' ':!tests/vm/modules'; }

# Shell scripts by name or by their first line.
shell_files() {
    tracked '*.sh' '*.bash'
    tracked ':!*.sh' ':!*.bash' | while IFS= read -r -d '' file; do
        if [[ -f $file && ! -L $file ]] && head -c 32 "$file" 2>/dev/null | grep -qaE '^#!/bin/(ba)?sh'; then
            printf '%s\0' "$file"
        fi
    done
}

shellcheck_all() { shell_files | xargs -0 shellcheck --external-sources; }
format_all() { cpp_files | xargs -0 --no-run-if-empty clang-format --dry-run -Werror; }
coroutines() { cpp_files | xargs -0 --no-run-if-empty tests/lint/coroutine_shapes.sh; }

# ctest calls a case by its name: Catch takes one that begins with a dash for an option, and CMake
# makes two of one with a semicolon.
case_names() { ! cpp_files | xargs -0 grep -nE '(TEST_CASE|SCENARIO)\("(-|[^"]*;)'; }

# Paths and hosts of the machine the work was done on have no business in the tree. The pattern is
# put together here so that it does not find itself.
workplace() {
    local hosts found=0
    # shellcheck disable=SC2016 # apt's own variable
    hosts=$(apt-get indextargets --format '$(SITE)' 2>/dev/null | sed 's|.*://||; s|/.*||' | sort -u)
    tracked | xargs -0 grep -nIE '(^|[^[:alnum:]_.$}~-])/(work|farm)/' -- && found=1
    for host in $hosts; do
        tracked | xargs -0 grep -nIF "$host" -- && found=1
    done
    return "$found"
}

manuals() {
    local file found=0
    while IFS= read -r -d '' file; do
        mandoc -T lint -W warning "$file" || found=1
    done < <(tracked 'packaging/man/*')
    /usr/bin/python3 dbus/interfaces/manual.py dbus/interfaces/org.livepatchd1.*.xml | mandoc -T lint -W warning || found=1
    /usr/bin/python3 cli/schemas/manual.py cli/schemas | mandoc -T lint -W warning || found=1
    return "$found"
}

# systemd-analyze looks for the programs a unit starts; they are in the package, not here.
units() {
    local unit output
    output=$(mktemp)
    while IFS= read -r -d '' unit; do
        systemd-analyze verify --man=no --recursive-errors=no "$unit" 2>&1 |
            grep -F "$(basename "$unit")" |
            grep -vE 'is not executable: No such file or directory|Failed to (prepare|create).*livepatch' >>"$output" || true
    done < <(tracked 'systemd/*.service' 'systemd/*.socket' 'systemd/*.timer' 'systemd/*.path' 'systemd/*.target')
    cat "$output"
    [[ ! -s $output ]]
}

tier() {
    local file
    need lint
    cd "$ROOT" || exit
    check_that shellcheck shellcheck_all
    check_that clang-format format_all
    check_that coroutine-shapes coroutines
    check_that coroutine-shapes-selftest tests/lint/coroutine_shapes_test.sh
    check_that case-names case_names
    check_that no-workplace-names workplace
    while IFS= read -r -d '' file; do
        check_that "xml:$file" xmllint --noout --nonet "$file"
    done < <(tracked '*.xml' '*.policy' '*.metainfo.xml')
    check_that systemd-units units
    check_that manuals manuals
}
