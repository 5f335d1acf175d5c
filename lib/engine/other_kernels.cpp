#include "engine/other_kernels.hpp"

#include "base/text.hpp"
#include "engine/rollout_turn.hpp"

#include <algorithm>
#include <cstring>

namespace livepatch::engine {

namespace {

report::AheadReport ahead_report(repository::Offer const& offer, Time now) {
    report::AheadReport ahead{
        .name = offer.name(),
        .id = offer.id,
        .version = offer.version,
        .severity = offer.severity,
        .cves = offer.cves,
        .source = offer.source,
        .sha256 = offer.sha256,
        .signer = offer.signer,
        .reason = {}};
    if (offer.refused)
        ahead.reason = describe(*offer.refused);
    else if (auto const unreached = rollout_of(offer, now))
        ahead.reason = unreached->why;
    else
        ahead.ready = true;
    return ahead;
}

report::OtherKernelReport kernel_report(repository::KernelListing const& kernel, Time now) {
    report::OtherKernelReport told{.release = kernel.release, .patches = {}, .problems = {}};
    for (auto const& problem : kernel.problems)
        told.problems.push_back(describe(problem));
    for (auto const& offer : kernel.offers)
        told.patches.push_back(ahead_report(offer, now));
    return told;
}

} // namespace

std::vector<report::OtherKernelReport>
other_kernels(repository::Catalogue const& catalogue, Time now) {
    std::vector<report::OtherKernelReport> kernels;
    for (auto const& kernel : catalogue.other_kernels)
        kernels.push_back(kernel_report(kernel, now));
    std::sort(kernels.begin(), kernels.end(), [](auto const& left, auto const& right) {
        return ::strverscmp(left.release.c_str(), right.release.c_str()) > 0;
    });
    return kernels;
}

} // namespace livepatch::engine
