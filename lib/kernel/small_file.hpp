// Small files of /proc and /sys, read without an allocation: thousands of them in a scan.
#pragma once

#include "base/unique_fd.hpp"

#include <span>
#include <string_view>

namespace livepatch::kernel {

struct Reading {
    std::string_view text; // points into the buffer it was read into
    int os_error = 0;      // errno; 0 = read

    explicit operator bool() const { return os_error == 0; }
};

// One read from the file's start, at most as much as the buffer holds. That is the whole file: the
// kernel makes its content in one go at the first read (fs/seq_file.c, fs/kernfs/file.c).
Reading read_at(int directory, char const* path, std::span<char> buffer);

// An empty UniqueFd and errno when it cannot be opened.
base::UniqueFd open_directory(int at, char const* path);

// The file, or the object it describes, is gone: ENODEV is a sysfs file that was open when its
// object went (fs/kernfs/file.c: kernfs_get_active), ESRCH a file of a task that ended.
bool vanished(int os_error);

std::string_view without_newline(std::string_view text); // at most one at the end

} // namespace livepatch::kernel
