#!/bin/bash
# Each cause for which this kernel refuses a livepatch, and that can be had without a reboot: predicted by
# `lpctl check`, explained by `lpctl apply`, with the exit status that belongs to it, and nothing is left behind.
# (The others: locked_down.sh, signatures_enforced.sh, modules_disabled.sh, blacklisted.sh.)
# timeout: 900
. /root/files/guest.sh

printf '[apply]\nmode = "manual"\n' >/etc/livepatchd/conf.d/mode.toml
systemctl reload livepatchd.service
rows=0

# Leaves what the command says in $said, and its status in $status.
say() {
    status=0
    said=$("$@" 2>&1) || status=$?
}

# predicted FILE STATUS WORDS: `lpctl check` says so, of the file.
predicted() {
    say lpctl check "$1"
    echo "$said" | grep -v '^ok \|^-' || true
    check_equal "check ${1##*/}: status" "$2" "$status"
    check_contains "check ${1##*/}: words" "$3" "$said"
}

# explained FILE STATUS WORDS [OPTION]...: so does `lpctl apply`, of the patch.
explained() {
    local file=$1 status_wanted=$2 words=$3 name
    shift 3
    name=$(basename "${file%%.ko*}")
    put_patch "$file"
    wait_for "$name is seen" eval "! daemon_says $name none"
    say lpctl apply --no-wait "$@" "$name"
    echo "$said"
    check_equal "apply $name: status" "$status_wanted" "$status"
    check_contains "apply $name: words" "$words" "$said"
    check "$name: nothing is left" eval "patch_absent $name && module_absent $name"
}

history_tells() { lpctl history "$1" --json | grep -F -- "$2"; }
journal_tells() { journalctl -u livepatchd.service -o cat | grep -F -- "$1: $2"; }

told_everywhere() { # NAME WORDS
    wait_for "$1: the history tells it" history_tells "$1" "$2"
    wait_for "$1: the journal tells it" journal_tells "$1" "$2"
}

gone() { # FILE
    take_patch "$(basename "$1")"
    wait_for "${1##*/} is gone again" daemon_says "$(basename "${1%%.ko*}")" none
    rows=$((rows + 1))
}

# row FILE STATUS WORDS [WORDS OF THE KERNEL]
row() {
    echo "--- ${1#"$MODULES/"}"
    predicted "$1" "$2" "$3"
    explained "$1" "$2" "$3"
    [[ $# -lt 4 ]] || check_contains "the kernel's own line" "$4" "$said"
    gone "$1"
}

check_status "the host takes livepatches" 0 lpctl check

# Files that we do not give to the kernel at all.
row "$MODULES/wrong-release/lp_cmdline.ko" 6 "built for the kernel"
row "$MODULES/tampered/lp_cmdline.ko" 6 "does not match"
row "$MODULES/unsigned/lp_cmdline.ko" 6 "not signed"
row "$MODULES/unknown-key/lp_cmdline.ko" 6 "unknown key"
row "$MODULES/lp_unmarked.ko" 6 "livepatch"
mkdir -p broken
head -c 5000 "$MODULES/lp_version.ko" >broken/lp_version.ko
row broken/lp_version.ko 6 "lp_version"

# Functions.
row "$MODULES/lp_badsymbol.ko" 1 "'lp_no_such_function' is not in this kernel" "not found in symbol table"
row "$MODULES/lp_ambiguous.ko" 1 "several functions 'name_show'" "unresolvable ambiguity"
row "$MODULES/lp_position.ko" 1 "fewer functions 'cmdline_proc_show'" "symbol position"
row "$MODULES/lp_untraceable.ko" 1 "'memcpy' cannot be traced" "failed to find location"
told_everywhere lp_untraceable "its function 'memcpy' cannot be traced"

# A module it depends on.
row "$MODULES/lp_depends.ko" 1 "depends on the module 'lp_target', which is not loaded"

# A name that is taken: what another tool has left.
load_patch "$MODULES/lp_meminfo.ko"
echo 0 >/sys/kernel/livepatch/lp_meminfo/enabled
wait_for "disabled" patch_absent lp_meminfo
predicted "$MODULES/lp_meminfo.ko" 6 "still there"
put_patch "$MODULES/lp_meminfo.ko"
sleep 1
check_status "apply is refused" 6 lpctl apply lp_meminfo
check_status "and the patch is checked with the same end" 6 lpctl check lp_meminfo
rmmod lp_meminfo
gone "$MODULES/lp_meminfo.ko"

# A callback: nobody can know before.
check_status "the callback is not seen before" 0 lpctl check "$MODULES/lp_prefail.ko"
explained "$MODULES/lp_prefail.ko" 1 "pre-patch callback for 'vmlinux' refused"
gone "$MODULES/lp_prefail.ko"

# States: not seen before either. (The other one is nobody's that we know of: that alone would be a conflict.)
load_patch "$MODULES/lp_state_1.ko"
explained "$MODULES/lp_state_2.ko" 1 "does not know the states" --replace-unmanaged
unload_patch lp_state_1
gone "$MODULES/lp_state_2.ko"

# ftrace.
sysctl -q kernel.ftrace_enabled=0
row "$MODULES/lp_version.ko" 1 "ftrace is switched off"
check_status "the host as such" 1 lpctl check
sysctl -q kernel.ftrace_enabled=1

# Somebody else's transition is waited for: that is said.
insmod "$MODULES/lp_target.ko" kthread=2
insmod "$MODULES/lp_stall.ko"
say lpctl check "$MODULES/lp_version.ko"
check_equal "it would be loaded after the other" 0 "$status"
check_contains "which is named" "'lp_stall', is in transition" "$said"
echo 1 >/proc/lp_target/release
wait_for "the other ends" patch_enabled lp_stall
rows=$((rows + 1))

check_equal "no livepatch but those of others" lp_stall "$(ls /sys/kernel/livepatch)"
unload_patch lp_stall
check "at least fifteen causes" test $rows -ge 15
put_patch "$MODULES/lp_version.ko"
wait_for "seen" eval '! daemon_says lp_version none'
check_status "what nothing stands against would be loaded" 0 lpctl check lp_version
check_status "and is" 0 lpctl apply lp_version
check "the kernel runs it" proc_patched_by version lp_version
