#include "base/file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>

namespace livepatch::base {

Result<std::string> read_file(int fd, std::string subject, std::size_t limit) {
    std::string content;
    std::array<char, 4096> buffer; // NOLINT(cppcoreguidelines-pro-type-member-init): filled by read
    for (;;) {
        auto const got =
            ::read(fd, buffer.data(), std::min(buffer.size(), limit - content.size() + 1));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return system_error(std::move(subject), "cannot read", errno);
        if (got == 0)
            return content;
        content.append(buffer.data(), static_cast<std::size_t>(got));
        if (content.size() > limit) {
            return Error{
                .code = Errc::failed,
                .subject = std::move(subject),
                .cause = "longer than " + std::to_string(limit) + " bytes",
                .remedy = {},
                .os_error = EFBIG,
            };
        }
    }
}

Result<std::string> read_file(std::filesystem::path const& path, std::size_t limit) {
    UniqueFd const fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!fd)
        return system_error(path.string(), "cannot open", errno);
    return read_file(fd.get(), path.string(), limit);
}

Result<void> write_all(int fd, std::span<std::byte const> bytes, std::string_view subject) {
    while (!bytes.empty()) {
        auto const put = ::write(fd, bytes.data(), bytes.size());
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return system_error(std::string(subject), "cannot write", errno);
        bytes = bytes.subspan(static_cast<std::size_t>(put));
    }
    return {};
}

Result<void> write_all(int fd, std::string_view text, std::string_view subject) {
    return write_all(fd, std::as_bytes(std::span(text)), subject);
}

} // namespace livepatch::base
