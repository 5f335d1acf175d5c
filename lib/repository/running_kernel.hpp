// What the sources ask about the kernel that a patch is to go into.
#pragma once

#include "base/result.hpp"
#include "kernel/root.hpp"
#include "repository/kernel_symbols.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace livepatch::repository {

// Used from one thread at a time.
class RunningKernel {
public:
    static constexpr std::size_t most_others = 8;

    // `release` as `uname -r`; `build_id` of vmlinux, "" when the kernel shows none.
    explicit RunningKernel(std::string release, std::string build_id = {}, kernel::Root root = {});

    std::string const& release() const { return release_; }

    std::string const& build_id() const { return build_id_; }

    // Of a module that is loaded; "" when it is not, or shows none.
    std::string build_id_of(std::string const& module) const;

    // The releases of all kernels that are installed, and its own.
    base::Result<std::vector<std::string>> installed() const;

    // Of the kernels that may be booted instead, the newest first; no more than most_others.
    std::vector<std::string> others() const;

    // Why it takes signed modules only; "" = it does not insist.
    std::string signatures_wanted() const;

    KernelSymbols& symbols() { return symbols_; }

private:
    std::string release_;
    std::string build_id_;
    kernel::Root root_;
    KernelSymbols symbols_;
};

} // namespace livepatch::repository
