#include "kernel/small_file.hpp"

#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <unistd.h>

namespace livepatch::kernel {

Reading read_at(int directory, char const* path, std::span<char> buffer) {
    base::UniqueFd const fd(::openat(directory, path, O_RDONLY | O_CLOEXEC));
    if (!fd)
        return {.text = {}, .os_error = errno};
    for (;;) {
        auto const got = ::read(fd.get(), buffer.data(), buffer.size());
        if (got >= 0)
            return {.text = {buffer.data(), static_cast<std::size_t>(got)}, .os_error = 0};
        if (errno != EINTR)
            return {.text = {}, .os_error = errno};
    }
}

base::UniqueFd open_directory(int at, char const* path) {
    return base::UniqueFd(::openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

bool vanished(int os_error) {
    return os_error == ENOENT || os_error == ENODEV || os_error == ESRCH;
}

std::string_view without_newline(std::string_view text) {
    if (text.ends_with('\n'))
        text.remove_suffix(1);
    return text;
}

} // namespace livepatch::kernel
