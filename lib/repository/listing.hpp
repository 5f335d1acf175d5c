// What one source has for this host, at one moment.
#pragma once

#include "base/error.hpp"
#include "repository/kernel_catalogue.hpp"
#include "repository/offer.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace livepatch::repository {

// What a publisher says of the kernel itself.
struct KernelAdvice {
    std::string source;
    std::string support_status;
    std::optional<Time> support_ends;
    std::string reboot_into; // a release; "" = it does not say
    std::vector<Unfixed> unfixed = {};
};

// What one source has for another kernel that this host may boot.
struct KernelListing {
    std::string release;
    std::vector<Offer> offers = {}; // in their stack order
    std::vector<base::Error> problems = {};
};

struct Listing {
    std::vector<Offer> offers = {}; // in their stack order
    std::vector<base::Error> problems = {};
    TakenBack taken_back = {}; // all of it, also what is not among the offers
    std::optional<KernelAdvice> advice = {};
    std::vector<KernelListing> other_kernels = {};
    std::optional<Time> expires = {}; // of the metadata that was believed; nothing = there is none
};

} // namespace livepatch::repository
