// Which kernel is running.
#pragma once

#include "base/result.hpp"
#include "kernel/root.hpp"

#include <string>

namespace livepatch::kernel {

struct Identity {
    std::string release = {};  // uname -r (/proc/sys/kernel/osrelease)
    std::string version = {};  // uname -v (/proc/sys/kernel/version)
    std::string build_id = {}; // of vmlinux, from /sys/kernel/notes, lower-case hex; "" = not there
    std::string boot_id = {};  // /proc/sys/kernel/random/boot_id
    bool livepatch = false;    // /sys/kernel/livepatch exists: CONFIG_LIVEPATCH
    // What runs the container that we are in ("docker", "systemd-nspawn", …); "" = not in one: the
    // kernel is this host's own.
    std::string container = {};
    // /proc/vmcore exists: a kernel that only saves what another one left when it crashed.
    bool crash_kernel = false;
};

base::Result<Identity> identify(Root const& root);

} // namespace livepatch::kernel
