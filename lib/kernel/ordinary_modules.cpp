#include "kernel/ordinary_modules.hpp"

#include <algorithm>

namespace livepatch::kernel {

namespace {

constexpr std::chrono::milliseconds settled_after{100}; // filling takes microseconds

} // namespace

bool OrdinaryModules::contains(ino64_t directory) const {
    auto const found = seen_.find(directory);
    return found != seen_.end() && !found->second;
}

void OrdinaryModules::add(ino64_t directory) {
    seen_.insert_or_assign(directory, std::nullopt);
}

void OrdinaryModules::add_without_flags(ino64_t directory, Time now) {
    auto& since = seen_.try_emplace(directory, now).first->second;
    if (since && now - *since >= settled_after)
        since.reset();
}

void OrdinaryModules::keep(std::vector<ino64_t> there) {
    std::sort(there.begin(), there.end());
    std::erase_if(seen_, [&](auto const& entry) {
        return !std::binary_search(there.begin(), there.end(), entry.first);
    });
}

} // namespace livepatch::kernel
