# shellcheck shell=bash
# ./dev vm run | modules: Debian's own kernels in QEMU, with our packages installed.
# shellcheck source=tests/vm/lab/lab.sh
. "$ROOT/tests/vm/lab/lab.sh"
# shellcheck source=dev.d/lib/prepare.sh
. "$ROOT/dev.d/lib/prepare.sh"

vm_usage() {
    cat <<'END'
usage: ./dev vm run [OPTION]... SCRIPT...
       ./dev vm modules [--kernel 6.1|6.12]

run: boot Debian's kernel with the freshly built packages installed and livepatchd running
under systemd, run SCRIPT there as root (in /root, after start-up), pass its output on, and exit
with its status. Several SCRIPTs run in a boot each, on the same disk, in order; a boot that ends
in a panic, reset or power-off counts as ended, a script that exits non-zero ends the run.

  --kernel 6.1|6.12   Debian 12's kernel (default 6.1) or the newer one from its archives
  --cmdline ARGS      more kernel arguments, for every boot
  --file FILE         copy FILE (or a directory) to /root/files/; may be repeated
  --log FILE          write the kernel's console log there
  --timeout SECONDS   limit for all boots together (default 900)
  --unmasked          mask no unit: a slower boot of the whole of Debian

Exit status: the script's; 124 time limit; 125 the machine ended before the last script did;
130 interrupted. The console log of a failed run is kept and its path printed.
END
}

vm_run() {
    local kernel=6.1 cmdline='' pass=() scripts=() kernel_dir image debs
    while [[ $# -gt 0 ]]; do
        case $1 in
        -h | --help)
            vm_usage
            exit 0
            ;;
        --kernel | --cmdline | --log | --file | --timeout)
            [[ $# -ge 2 ]] || usage_error "$1 needs a value"
            case $1 in
            --kernel) kernel=$2 ;;
            --cmdline) cmdline="$cmdline $2" ;;
            *) pass+=("$1=$2") ;;
            esac
            if [[ $1 == --file && ! -e $2 ]]; then usage_error "no such file: $2"; fi
            shift
            ;;
        --unmasked) cmdline="$cmdline lab.unmasked" ;;
        --)
            shift
            scripts+=("$@")
            break
            ;;
        -*) usage_error "unknown option of vm run: $1" ;;
        *) scripts+=("$1") ;;
        esac
        shift
    done
    [[ ${#scripts[@]} -gt 0 ]] || usage_error "vm run needs a script"
    local script
    for script in "${scripts[@]}"; do
        [[ -f $script ]] || usage_error "no such script: $script"
    done
    check_kernel "$kernel"
    vm_prepare "$kernel" || exit 1
    exec /usr/bin/python3 "$ROOT/tests/vm/lab/vm.py" --kernel-dir="$kernel_dir" --image="$image" \
        --cmdline="$cmdline" "${pass[@]}" -- "${scripts[@]}"
}

case "${1:-}" in
run)
    shift
    vm_run "$@"
    ;;
modules)
    shift
    . "$ROOT/dev.d/lib/modules.sh"
    vm_modules "$@"
    ;;
-h | --help) vm_usage ;;
*)
    vm_usage >&2
    exit 2
    ;;
esac
