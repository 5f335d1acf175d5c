#include "repository/host.hpp"

#include <sys/utsname.h>

namespace livepatch::repository {

std::string arch_of(Host const& host) {
    if (!host.arch.empty())
        return host.arch;
    struct utsname names = {};
    return ::uname(&names) == 0 ? std::string(names.machine) : std::string();
}

Time time_of(Host const& host) {
    return host.now ? host.now()
                    : std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

} // namespace livepatch::repository
