// What is known of the interfaces of the running kernel: decision 0005.
#pragma once

#include "base/result.hpp"
#include "kernel/root.hpp"
#include "module/livepatch_module.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace livepatch::repository {

// No file tells the checksums of the running kernel's symbols, but the kernel has compared those of
// every module that it loaded. So a module that is loaded, and whose file below /lib/modules has
// the build-id of the loaded one, proves the checksums in that file.
//
// Used from one thread at a time. Reads modules when it is asked for symbols it was never asked
// for.
class KernelSymbols {
public:
    KernelSymbols(kernel::Root root, std::string release);

    // wrong_kernel when a checksum differs from the running kernel's, or when there are none though
    // the kernel's own modules have them. What is not known is left to the kernel, which compares
    // all of them again.
    base::Result<void>
    check(std::vector<module::SymbolVersion> const& versions, std::string_view subject);

private:
    void learn(std::vector<module::SymbolVersion> const& versions);
    std::vector<std::filesystem::path> proven_files() const;
    bool learn_from(std::filesystem::path const& file);

    kernel::Root root_;
    std::string release_;
    // Of the symbols that were asked for; nothing = no loaded module tells.
    std::map<std::string, std::optional<std::uint64_t>, std::less<>> known_;
};

} // namespace livepatch::repository
