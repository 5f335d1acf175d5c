#include "kernel/ordinary_modules.hpp"

#include <cstddef>

namespace livepatch::kernel {

namespace {

constexpr std::chrono::milliseconds settled_after{100}; // filling takes microseconds

// Those that went are not taken out one by one. Far more than a kernel has.
constexpr std::size_t most = 4'096;

} // namespace

bool OrdinaryModules::contains(ino64_t directory, Time now) const {
    auto const found = seen_.find(directory);
    if (found == seen_.end())
        return false;
    auto const& without_flags_since = found->second;
    return !without_flags_since || now - *without_flags_since >= settled_after;
}

void OrdinaryModules::add(ino64_t directory) {
    make_room();
    seen_.insert_or_assign(directory, std::nullopt);
}

void OrdinaryModules::add_without_flags(ino64_t directory, Time now) {
    make_room();
    seen_.try_emplace(directory, now);
}

void OrdinaryModules::make_room() {
    if (seen_.size() >= most)
        forget();
}

} // namespace livepatch::kernel
