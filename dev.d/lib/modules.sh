# shellcheck shell=bash
# ./dev vm modules: the test livepatches, one path a line.
vm_modules() {
    local dir kernel kernels=(6.1 6.12)
    if [[ ${1:-} == --kernel && -n ${2:-} ]]; then
        check_kernel "$2"
        kernels=("$2")
        shift 2
    fi
    [[ $# -eq 0 ]] || usage_error "vm modules takes no argument but --kernel 6.1|6.12"
    need vm modules
    for kernel in "${kernels[@]}"; do
        dir=$(lab_modules "$kernel") || exit 1
        find "$dir" -name '*.ko*' | LC_ALL=C sort
    done
}
