#include "kernel/live_module.hpp"

#include "base/file.hpp"
#include "base/text.hpp"

#include <filesystem>
#include <system_error>

namespace livepatch::kernel {

bool is_live(Root const& root, std::string_view module) {
    auto const directory = root.sys / "module" / module;
    auto const initstate = base::read_file(directory / "initstate", 64);
    if (initstate)
        return base::trimmed(*initstate) == "live";
    std::error_code ignored;
    return std::filesystem::is_directory(directory, ignored);
}

} // namespace livepatch::kernel
