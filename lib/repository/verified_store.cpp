#include "repository/verified_store.hpp"

#include "repository/source_verifier.hpp"

#include <algorithm>
#include <utility>

namespace livepatch::repository {

VerifiedStore::VerifiedStore(
    ModuleStore store,
    std::vector<Source> sources,
    std::filesystem::path key_directory,
    std::string release
)
    : store_(std::move(store)),
      sources_(std::move(sources)),
      key_directory_(std::move(key_directory)),
      release_(std::move(release)) {}

base::Result<trust::VerifiedPatch> VerifiedStore::verify(Offer const& offer) const {
    auto const source = std::find_if(sources_.begin(), sources_.end(), [&](auto const& other) {
        return other.name == offer.source;
    });
    if (source == sources_.end())
        return base::Error{
            .code = base::Errc::not_found,
            .subject = offer.name(),
            .cause = "its source " + offer.source + " is not configured any more",
            .remedy = {}};
    auto candidate = store_.read(offer.sha256);
    if (!candidate)
        return candidate.error();
    return verifier_of(*source, key_directory_, release_).verify(std::move(candidate).value());
}

} // namespace livepatch::repository
