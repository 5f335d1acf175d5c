#include "dbus_server/who.hpp"

#include "base/file.hpp"
#include "kernel/cgroup.hpp"
#include "kernel/root.hpp"

#include <string>

namespace livepatch::dbus_server {

namespace {

std::string unit_of(pid_t process) {
    if (process == 0)
        return {};
    auto const cgroup = base::read_file(kernel::Root().proc / std::to_string(process) / "cgroup");
    return cgroup ? kernel::membership(*cgroup).unit : std::string();
}

} // namespace

report::Caller who(Caller const& caller) {
    return {.uid = caller.user, .sender = caller.sender, .unit = unit_of(caller.process)};
}

} // namespace livepatch::dbus_server
