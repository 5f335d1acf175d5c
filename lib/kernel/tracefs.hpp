// Where the kernel says what is traced, and how it writes a function there.
#pragma once

#include "kernel/root.hpp"

#include <filesystem>
#include <string_view>

namespace livepatch::kernel {

// Where it is mounted, or where it would be.
std::filesystem::path tracefs(Root const& root);

// A view into the line it was read from.
struct ListedFunction {
    std::string_view object = "vmlinux";
    std::string_view name = {};
    std::string_view rest = {}; // of the line
};

// "NAME", or "NAME [MODULE]", and more behind it.
ListedFunction listed_function(std::string_view line);

} // namespace livepatch::kernel
