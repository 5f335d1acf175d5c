#include "engine/kill_switch.hpp"

#include "base/file.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <sstream>

namespace livepatch::engine {

bool switches_off(std::string_view command_line) {
    constexpr std::string_view key = "livepatchd.apply=";
    constexpr std::array<std::string_view, 4> no{"0", "no", "off", "false"};
    std::istringstream words{std::string(command_line)};
    bool off = false;
    for (std::string word; words >> word;)
        if (word.starts_with(key))
            off = std::find(no.begin(), no.end(), word.substr(key.size())) != no.end();
    return off;
}

KillSwitch::KillSwitch(std::filesystem::path file, std::filesystem::path const& command_line)
    : file_(std::move(file)) {
    auto const text = base::read_file(command_line);
    by_argument_ = text && switches_off(*text);
}

std::optional<std::string> KillSwitch::thrown() const {
    if (by_argument_)
        return "switched off by the kernel argument livepatchd.apply=0";
    struct stat status = {};
    if (::lstat(file_.c_str(), &status) == 0)
        return "switched off by " + file_.string();
    if (errno == ENOENT || errno == ENOTDIR)
        return std::nullopt;
    // What cannot be seen may be there.
    return "switched off, because " + file_.string() +
           " cannot be looked for: " + std::strerror(errno);
}

} // namespace livepatch::engine
