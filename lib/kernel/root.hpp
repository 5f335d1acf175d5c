// Where the kernel shows itself. Tests put a tree of their own here.
#pragma once

#include <filesystem>

namespace livepatch::kernel {

struct Root {
    std::filesystem::path sys = "/sys";
    std::filesystem::path proc = "/proc";
    std::filesystem::path dev = "/dev";
    std::filesystem::path modules = "/lib/modules"; // of every kernel, by its release
    std::filesystem::path run = "/run";             // says whether this is a container
};

} // namespace livepatch::kernel
