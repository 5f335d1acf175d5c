# shellcheck shell=bash
# For scripts inside the VM: the cases in tests/vm/cases and the demo. A failed check ends the
# script. Sourced as /root/files/guest.sh; the test livepatches are in $MODULES.
set -euo pipefail

MODULES=/root/files/modules
# The watched directory of the daemon's configuration: where vendor packages put patches.
WATCHED=/var/lib/kpatch/$(uname -r)
STARTED=$(cut -d' ' -f1 /proc/uptime)
export BOOT=${BOOT:-1} # which boot of the case this is

trap 'echo "FAILED: line $LINENO: $BASH_COMMAND"' ERR

fail() {
    trap - ERR
    echo "FAILED: $*"
    exit 1
}

# check WHAT COMMAND...: the command has to succeed.
check() {
    local what=$1
    shift
    if "$@"; then echo "ok: $what"; else fail "$what ($*)"; fi
}

# check_not WHAT COMMAND...: the command has to fail.
check_not() {
    local what=$1
    shift
    if "$@"; then fail "$what ($*)"; else echo "ok: $what"; fi
}

# check_status WHAT STATUS COMMAND...: the command has to exit with exactly this status.
check_status() {
    local what=$1 wanted=$2 status=0
    shift 2
    "$@" || status=$?
    [[ $status -eq $wanted ]] || fail "$what: status $status instead of $wanted ($*)"
    echo "ok: $what"
}

check_equal() {
    [[ $2 == "$3" ]] || fail "$1: '$3' instead of '$2'"
    echo "ok: $1"
}

# check_contains WHAT NEEDLE TEXT
check_contains() {
    [[ $3 == *"$2"* ]] || fail "$1: no '$2' in '$3'"
    echo "ok: $1"
}

# wait_for [-t SECONDS] WHAT COMMAND...: until the command succeeds, 30 seconds unless told.
wait_for() {
    local limit=30 what end
    if [[ $1 == -t ]]; then
        limit=$2
        shift 2
    fi
    what=$1
    shift
    end=$((SECONDS + limit))
    until "$@" >/dev/null 2>&1; do
        [[ $SECONDS -lt $end ]] || fail "$what: not within $limit s ($*)"
        sleep 0.1
    done
    echo "ok: $what"
}

# For whoever reads of a case that failed.
describe_state() {
    echo "--- kernel log since boot, last lines"
    dmesg | tail -n 60
    echo "--- livepatchd's journal, last lines"
    journalctl --boot --no-pager --output=short-monotonic --lines=80 \
        -u livepatchd.service -u livepatch-reapply.service -u 'livepatch-tasks*' -u livepatch-fetch.service
    if command -v lpctl >/dev/null; then
        echo "--- lpctl status"
        timeout 5 lpctl status || true
    fi
}

# --- what the kernel says ---------------------------------------------------------------------------

livepatch_file() { cat "/sys/kernel/livepatch/$1/$2" 2>/dev/null; }
patch_enabled() { [[ $(livepatch_file "$1" enabled) == 1 && $(livepatch_file "$1" transition) == 0 ]]; }
patch_in_transition() { [[ $(livepatch_file "$1" transition) == 1 ]]; }
patch_absent() { [[ ! -e /sys/kernel/livepatch/$1 ]]; }
module_loaded() { [[ -e /sys/module/$1 ]]; }
module_absent() { [[ ! -e /sys/module/$1 ]]; }

# proc_patched_by FILE MODULE: the replacement really runs. FILE is relative to /proc.
proc_patched_by() { [[ $(</proc/"$1") == *"patched by $2" ]]; }
proc_original() { ! grep -qE '(patched|altered) by' "/proc/$1"; }

# The kernel's log lines since this script began.
kernel_log() {
    dmesg | awk -v since="$STARTED" '{ time = $0; gsub(/^\[ *|\].*/, "", time); if (time + 0 >= since) print }'
}
kernel_said() { kernel_log | grep -qF -- "$1"; }

# --- doing without the daemon --------------------------------------------------------------------------

# load_patch FILE: as another tool would, up to the end of its transition.
load_patch() {
    local name
    name=$(basename "${1%%.ko*}")
    insmod "$1"
    wait_for "$name is enabled" patch_enabled "$name"
}

# unload_patch NAME: disabled through sysfs, then removed.
unload_patch() {
    echo 0 >"/sys/kernel/livepatch/$1/enabled"
    wait_for "$1 is disabled" patch_absent "$1"
    wait_for "$1 is removed" rmmod "$1"
}

# --- doing what the daemon watches ------------------------------------------------------------------------

# put_patch FILE [NAME]: into the watched directory as a package manager does it: complete at once.
put_patch() {
    local name=${2:-$(basename "$1")}
    mkdir -p "$WATCHED"
    cp "$1" "$WATCHED/.$name.new"
    mv "$WATCHED/.$name.new" "$WATCHED/$name"
}

take_patch() { rm -f "$WATCHED/$1"; }

# The daemon's word on a patch, from `lpctl status`: daemon_field NAME state, daemon_says NAME enabled.
daemon_field() {
    lpctl status --json | jq -r --arg name "$1" --arg field "$2" \
        '[.patches[] | select(.name == $name)][0][$field] // "none"'
}
daemon_says() { [[ $(daemon_field "$1" state) == "$2" ]]; }
daemon_judges() { [[ $(daemon_field "$1" disposition) == "$2" ]]; }
patch_proved() {
    busctl get-property org.livepatchd1 "/org/livepatchd1/patch/${1//_/_5f}" org.livepatchd1.Patch Probation |
        grep -q passed
}
health_says() { lpctl status --json | jq -e --arg code "$1: " '.health_reasons | any(startswith($code))' >/dev/null; }
flagged() { lpctl status --json | jq -e --arg name "$1" --arg flag "$2" \
    '.patches[] | select(.name == $name) | .flags | index($flag)' >/dev/null; }
module_digest() { sha256sum "$MODULES/$1.ko" | cut -d' ' -f1; }
# daemon_replaced OLD_PID: systemd has started another one, and it is ready.
daemon_replaced() {
    local pid
    pid=$(systemctl show -p MainPID --value livepatchd.service)
    [[ $pid != 0 && $pid != "$1" ]] && systemctl is-active livepatchd.service
}

as_user() { runuser -u user -- "$@"; }

# End this boot as a crash does.
panic_machine() {
    echo c >/proc/sysrq-trigger
    sleep 60
}
reset_machine() {
    echo b >/proc/sysrq-trigger
    sleep 60
}

# From the next boot on each processor has something to run, as on any host in service: with all of them idle a
# transition ends in its first round. It begins early, because the kernel looks at tasks in the order of their making
# (kernel/livepatch/transition.c: klp_try_complete_transition): on an emulated processor that takes so long that one far
# down the list has had its timer tick by then, and with it passed the kernel's border.
keep_processors_busy() {
    local processor
    cat >/etc/systemd/system/busy@.service <<'EOF'
[Unit]
DefaultDependencies=no
[Service]
Nice=19
ExecStart=/bin/sh -c 'while :; do :; done'
[Install]
WantedBy=sysinit.target
EOF
    for ((processor = 0; processor < $(nproc); processor++)); do
        systemctl enable "busy@$processor.service"
    done
}

# --- back to the state of a fresh boot: called between cases, by the runner --------------------------------

stop_daemon() { systemctl stop livepatchd.service livepatch-tasks.socket livepatch-tasks.service 2>/dev/null || true; }

daemon_installed() { [[ -e /lib/systemd/system/livepatchd.service ]]; }

disable_all() {
    local name left=0
    for name in /sys/kernel/livepatch/*; do
        [[ -e $name ]] || continue
        left=1
        [[ $(<"$name/enabled") != 1 ]] || echo 0 >"$name/enabled"
    done
    return "$left"
}

# Fails if something cannot be undone: the next case then gets a machine of its own.
reset_state() {
    local name
    check "modules can be loaded" grep -qx 0 /proc/sys/kernel/modules_disabled
    sysctl -q kernel.ftrace_enabled=1
    [[ ! -e /proc/lp_target/release ]] || echo 1 >/proc/lp_target/release
    [[ ! -e /sys/module/lp_stall_disable ]] || echo 1 >/sys/module/lp_stall_disable/parameters/release
    if daemon_installed; then stop_daemon; fi
    # The youngest first, as the kernel wants it; the order of names does for what tests load, by
    # trying again.
    wait_for -t 30 "no patch" disable_all
    for name in /sys/module/lp_*; do
        [[ ! -e $name ]] || wait_for -t 10 "${name##*/} is removed" rmmod "${name##*/}"
    done
    rm -rf /var/lib/kpatch/*
    systemctl stop livepatch-fetch.service livepatch-fetch.timer livepatch-fetch.path 2>/dev/null || true
    if daemon_installed; then
        fresh_daemon
    fi
}

# The daemon as the package configures it, without a past, trusting the test key.
fresh_daemon() {
    [[ -e /root/etc-livepatchd.tar ]] || tar -C / -cf /root/etc-livepatchd.tar etc/livepatchd
    rm -rf /var/lib/livepatchd/* /run/livepatchd/* /etc/livepatchd
    tar -C / -xf /root/etc-livepatchd.tar
    mkdir -p /etc/livepatchd/module-keys.d "$WATCHED"
    cp "$MODULES/trusted.pem" /etc/livepatchd/module-keys.d/
    systemctl reset-failed livepatchd.service
    systemctl start livepatchd.service
}
