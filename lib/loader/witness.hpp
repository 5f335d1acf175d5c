// What the kernel said and showed about one call that it refused.
#pragma once

#include "base/error.hpp"
#include "kernel/kernel_log.hpp"
#include "kernel/root.hpp"
#include "preflight/errno_table.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace livepatch::loader {

// Made before the call, asked after it.
class Witness {
public:
    // Works without the kernel log, too: not everybody may read it.
    Witness(kernel::Root root, std::string name);

    base::Error refused(preflight::Operation operation, int os_error);

private:
    std::vector<std::string> kernel_lines();
    preflight::Circumstances circumstances() const;

    kernel::Root root_;
    std::string name_;
    std::optional<kernel::KernelLog> log_;
};

// Whether the line belongs to an act on this module: the kernel's own, about livepatches, this
// module or the checks that every module goes through.
bool concerns(kernel::KernelLine const& line, std::string_view module);

} // namespace livepatch::loader
