// The switches of those who cannot, or do not want to, talk to the daemon: a file, and an argument
// of the kernel.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace livepatch::engine {

class KillSwitch {
public:
    // `file`: nothing is loaded while something of that name exists; `command_line`: the kernel's,
    // /proc/cmdline.
    KillSwitch(std::filesystem::path file, std::filesystem::path const& command_line);

    // What switches loading off, in words; nothing = it is on. Looks at the file system, briefly.
    std::optional<std::string> thrown() const;

private:
    std::filesystem::path file_;
    bool by_argument_ = false;
};

// Whether the last livepatchd.apply= of a kernel command line says no.
bool switches_off(std::string_view command_line);

} // namespace livepatch::engine
