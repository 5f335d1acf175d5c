#include "log_mark.hpp"

#include "base/error.hpp"
#include "base/file.hpp"

#include <spdlog/spdlog.h>

#include <cerrno>
#include <charconv>
#include <cstddef>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace livepatch::daemon {

namespace {

constexpr std::size_t widest = 20; // digits

// "BOOT-ID NUMBER", with zeros before it.
std::uint64_t read_mark(int fd, std::string const& boot_id) {
    auto const text = base::read_file(fd, "log mark", 4096);
    if (!text || !text->starts_with(boot_id + ' '))
        return 0;
    auto const* const begin = text->data() + boot_id.size() + 1;
    auto const* const end = text->data() + text->size();
    std::uint64_t next = 0;
    auto const [stop, failed] = std::from_chars(begin, end, next);
    return failed == std::errc{} && end - stop == 1 && *stop == '\n' ? next : 0;
}

} // namespace

LogMark::LogMark(std::filesystem::path path, std::string boot_id)
    : boot_id_(std::move(boot_id)),
      fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)) {
    if (fd_)
        next_ = read_mark(fd_.get(), boot_id_);
    else
        spdlog::warn(
            "{}",
            describe(base::system_error(path.string(), "the kernel's log will be read again", errno)
            )
        );
}

void LogMark::put(std::uint64_t next) {
    if (next == std::exchange(next_, next) || !fd_)
        return;
    auto const number = std::to_string(next);
    auto const text = boot_id_ + ' ' + std::string(widest - number.size(), '0') + number + '\n';
    if (::pwrite(fd_.get(), text.data(), text.size(), 0) < 0)
        spdlog::debug("the mark in the kernel's log was not written: {}", errno);
}

} // namespace livepatch::daemon
