#include "kernel/lines.hpp"

#include "base/unique_fd.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace livepatch::kernel {

base::Result<void> for_each_line(
    std::filesystem::path const& path, std::function<bool(std::string_view line)> const& take
) {
    base::UniqueFd const fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!fd)
        return base::system_error(path.string(), "cannot open", errno);
    std::vector<char> buffer(16 * longest_line);
    std::size_t filled = 0;
    bool skipping = false; // the rest of a line that was too long
    for (;;) {
        auto const got = ::read(fd.get(), buffer.data() + filled, buffer.size() - filled);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return base::system_error(path.string(), "cannot read", errno);
        filled += static_cast<std::size_t>(got);
        std::string_view rest(buffer.data(), filled);
        for (auto end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
            auto const line = rest.substr(0, std::min(end, longest_line));
            rest.remove_prefix(end + 1);
            if (!std::exchange(skipping, false) && !take(line))
                return {};
        }
        bool const at_end = got == 0;
        if ((at_end && !rest.empty()) || rest.size() >= longest_line) {
            if (!std::exchange(skipping, true) && !take(rest.substr(0, longest_line)))
                return {};
            rest = {};
        }
        if (at_end)
            return {};
        filled = rest.size();
        if (filled != 0)
            std::memmove(buffer.data(), rest.data(), filled);
    }
}

} // namespace livepatch::kernel
