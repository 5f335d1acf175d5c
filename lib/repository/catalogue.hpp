// Everything the sources offer for this kernel, at one moment. What one repository publishes for a
// kernel is in kernel_catalogue.hpp.
#pragma once

#include "base/error.hpp"
#include "repository/listing.hpp"
#include "repository/offer.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace livepatch::repository {

struct Catalogue {
    // In the order they are to be stacked: priority (high first), source name, then the place in
    // the source.
    std::vector<Offer> offers;
    std::vector<base::Error> problems; // sources, keys and files that cannot be used, for Health
    std::vector<std::string> insecure; // sources that want no signatures
    TakenBack taken_back = {};         // by their publishers, by digest
    std::vector<KernelAdvice> advice = {};         // of those that say something of the kernel
    std::vector<KernelListing> other_kernels = {}; // none of them twice
    // When the first repository's metadata expires; nothing = there is none that is believed.
    std::optional<Time> expires = {};
    std::chrono::system_clock::time_point read_at;

    // The offer to take for a module name or catalogue id; nullptr when there is none. Points into
    // this object.
    Offer const* choose(std::string_view patch) const;
    Offer const* find_digest(std::string_view sha256) const;
};

} // namespace livepatch::repository
