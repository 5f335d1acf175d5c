// /dev/kmsg: a hint that something happened, and the kernel's own words about it.
#pragma once

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "kernel/root.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace livepatch::kernel {

struct KernelLine {
    std::uint64_t sequence = 0;
    int level = 0;    // 0 emergency … 7 debug
    int facility = 0; // 0 = the kernel itself; writers of /dev/kmsg cannot forge that
                      // (kernel/printk/printk.c: devkmsg_write)
    std::string text; // without the structured part, \xNN escapes as the kernel wrote them
};

// One record "<pri>,<seq>,<usec>,<flags>;text\n KEY=value…"; nothing when it is malformed.
std::optional<KernelLine> parse_kernel_record(std::string_view record);

// A line that says a livepatch moved: from the kernel itself and beginning with "livepatch: ".
bool concerns_livepatch(KernelLine const& line);

// The patch that a load brings in, of which this is the kernel's first word
// (kernel/livepatch/core.c: klp_enable_patch); "" = another line.
std::string_view patch_coming_in(KernelLine const& line);

class KernelLog {
public:
    // Opened at its end: only what comes from now on. EPERM without CAP_SYSLOG where dmesg_restrict
    // is set; the caller goes on without.
    static base::Result<KernelLog> open(Root const& root);

    // With what it still has of the past, from the record of this sequence on: 0 = all of it. What
    // it does not have any more is told as lost by the first batch.
    static base::Result<KernelLog> open(Root const& root, std::uint64_t from);

    // For tests: any descriptor that gives one record a read.
    explicit KernelLog(base::UniqueFd fd);

    int fd() const { return fd_.get(); } // non-blocking; wait for it to become readable

    struct Batch {
        std::vector<KernelLine> lines;
        bool lost = false; // records were overwritten before we read them: scan sysfs
    };

    // All that is there, at most 1,000 lines a call; never blocks.
    base::Result<Batch> read_new();

private:
    static base::Result<KernelLog> open_at(Root const& root, int whence);
    void take(KernelLine line, Batch& batch);

    base::UniqueFd fd_;
    std::uint64_t from_ = 0; // what comes before it is passed over; 0 = nothing is
};

} // namespace livepatch::kernel
