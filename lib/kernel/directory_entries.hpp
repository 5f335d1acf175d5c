// The entries of a directory without an allocation, for scans of /proc and /sys.
#pragma once

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <dirent.h>
#include <string_view>
#include <unistd.h>

namespace livepatch::kernel {

struct Entry {
    char const* name = nullptr;
    bool maybe_directory = false; // also true where the file system does not say
    ino64_t inode = 0;
};

// Calls visit(Entry) for each entry but "." and ".."; 0, or the errno that ended it. A list that
// comes in several parts is read to its end: a pending signal cuts getdents64 short (fs/readdir.c:
// filldir64), and the kernel's own signal rounds of a transition count as one.
template <std::size_t buffer_size = 4096, class Visit>
int for_each_entry(int directory, Visit visit) {
    alignas(dirent64) std::array<char, buffer_size> buffer;
    for (;;) {
        auto const got = ::getdents64(directory, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return errno;
        if (got == 0)
            return 0;
        for (std::size_t at = 0; at < static_cast<std::size_t>(got);) {
            auto const* entry = reinterpret_cast<dirent64 const*>(buffer.data() + at); // NOLINT
            at += entry->d_reclen;
            char const* const name = static_cast<char const*>(entry->d_name);
            if (std::strcmp(name, ".") == 0 || std::strcmp(name, "..") == 0)
                continue;
            visit(Entry{
                .name = name,
                .maybe_directory = entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN,
                .inode = entry->d_ino,
            });
        }
    }
}

} // namespace livepatch::kernel
