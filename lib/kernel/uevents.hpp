// NETLINK_KOBJECT_UEVENT: module add and remove, as a hint to look at sysfs.
#pragma once

#include "base/result.hpp"
#include "base/unique_fd.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace livepatch::kernel {

struct ModuleEvent {
    enum class Action { added, removed } action = Action::added;
    std::string module;
};

// A kernel uevent datagram "add@/module/NAME\0KEY=value\0…" of subsystem "module"; else nothing.
std::optional<ModuleEvent> parse_uevent(std::string_view datagram);

class Uevents {
public:
    static base::Result<Uevents> open();

    int fd() const { return fd_.get(); } // non-blocking

    struct Batch {
        std::vector<ModuleEvent> events;
        bool lost = false; // buffer overrun (ENOBUFS): scan sysfs
    };

    // All that is there; never blocks. Datagrams that do not come from the kernel are ignored.
    base::Result<Batch> read_new();

private:
    explicit Uevents(base::UniqueFd fd);
    base::UniqueFd fd_;
};

} // namespace livepatch::kernel
