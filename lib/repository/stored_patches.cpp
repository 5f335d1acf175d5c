#include "repository/stored_patches.hpp"

#include "repository/agreement.hpp"
#include "repository/safe_directory.hpp"
#include "repository/shortlist.hpp"
#include "repository/source_verifier.hpp"
#include "repository/tuf_source.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace livepatch::repository {

namespace {

// The order of a catalogue.
bool comes_before(Offer const& left, Offer const& right) {
    if (left.priority != right.priority)
        return left.priority > right.priority;
    if (left.source != right.source)
        return left.source < right.source;
    return ::strverscmp(left.place_in_source().c_str(), right.place_in_source().c_str()) < 0;
}

// Still there, and the very module that was loaded: a publisher may have put another in its place.
base::Result<void>
check_file(Source const& source, std::string const& name, std::string const& sha256) {
    auto const directory =
        open_safe_directory(source.path, source.remote ? FileSystems::any : FileSystems::local);
    if (!directory)
        return directory.error();
    auto const file = open_safe_file(directory->get(), name, source.path / name);
    if (!file)
        return file.error();
    auto const module = trust::Candidate::read(file->get(), (source.path / name).string());
    if (!module)
        return module.error();
    if (module->sha256() == sha256)
        return {};
    return base::Error{
        .code = base::Errc::conflict,
        .subject = (source.path / name).string(),
        .cause = "is another module than the one that was loaded before",
        .remedy = {}};
}

// nullopt = it is not listed any more.
std::optional<PatchEntry> entry_of(KernelCatalogue const& catalogue, std::string const& sha256) {
    auto const& patches = catalogue.patches;
    auto const entry = std::find_if(patches.begin(), patches.end(), [&](auto const& patch) {
        return patch.module.sha256 == sha256;
    });
    return entry == patches.end() ? std::nullopt : std::optional(*entry);
}

// What a repository that was believed said of it last. That it says nothing any more takes nothing
// back: who can leave something out of a catalogue must not get it out of the kernel.
base::Result<std::optional<PatchEntry>> check_published(
    Source const& source, Host const& host, RunningKernel const& kernel, std::string const& sha256
) {
    auto const published =
        TufRepository::remembered(TufSource::state_of(source, host), kernel.release(), source.ring);
    if (!published)
        return published.error();
    auto entry = entry_of(published->catalogue, sha256);
    auto const taken = all_taken_back(*published);
    if (auto const found = taken.find(sha256); found != taken.end())
        return taken_back_error(entry ? entry->id : sha256, found->second);
    if (auto fits = check_kernel(published->catalogue.kernel, kernel, source.name); !fits)
        return fits.error();
    return entry;
}

base::Error not_configured(std::string const& subject, std::string const& source) {
    return {
        .code = base::Errc::not_found,
        .subject = subject,
        .cause = "its source " + source + " is not configured any more",
        .remedy = {}};
}

} // namespace

StoredPatches::StoredPatches(
    std::vector<Source> sources,
    std::filesystem::path key_directory,
    ComingKernel kernel,
    ModuleStore store,
    std::vector<Remembered> remembered,
    Host host
)
    : sources_(std::move(sources)),
      key_directory_(std::move(key_directory)),
      kernel_(std::move(kernel)),
      store_(std::move(store)),
      remembered_(std::move(remembered)),
      host_(std::move(host)) {}

void StoredPatches::configure(std::vector<Source> sources) {
    sources_ = std::move(sources);
    kept_.clear();
}

Source const* StoredPatches::find(std::string const& name) const {
    auto const found = std::find_if(sources_.begin(), sources_.end(), [&](auto const& source) {
        return source.name == name;
    });
    return found == sources_.end() ? nullptr : &*found;
}

Catalogue StoredPatches::read() {
    Catalogue catalogue;
    for (auto const& remembered : remembered_) {
        auto offer = offer_of(remembered);
        if (offer)
            catalogue.offers.push_back(std::move(offer).value());
        else
            catalogue.problems.push_back(offer.error());
    }
    std::sort(catalogue.offers.begin(), catalogue.offers.end(), comes_before);
    catalogue.read_at = std::chrono::system_clock::now();
    return catalogue;
}

base::Result<void> StoredPatches::reset_trust(std::string const& source) {
    return not_configured(source, source);
}

base::Result<Offer> StoredPatches::offer_of(Remembered const& remembered) {
    auto const* source = find(remembered.source);
    if (source == nullptr)
        return not_configured(remembered.name, remembered.source);
    auto checked = check(*source, remembered.sha256, remembered.file);
    if (!checked)
        return checked.error();
    auto& patch = checked->patch;
    auto const& said = checked->said;
    Offer offer{
        .source = source->name,
        .priority = source->priority,
        .path = source->path / remembered.file,
        .id = remembered.id,
        .module = patch.module(),
        .sha256 = remembered.sha256,
        .signer = patch.signer(),
        .place = source->trust == Trust::tuf ? remembered.file : std::string(),
        .times = said ? said->times : PatchTimes(),
        .states = said ? said->states : remembered.states,
        .reversible = said ? said->reversible : remembered.reversible,
        .insecure = source->trust == Trust::none};
    offer.module.versions.clear();
    offer.module.replace = remembered.replace;
    keep(std::move(patch));
    return offer;
}

void StoredPatches::keep(trust::VerifiedPatch patch) {
    auto const size = patch.file().bytes().size();
    if (size > most_kept - kept_bytes_)
        return;
    kept_bytes_ += size;
    auto const sha256 = patch.sha256();
    kept_.emplace(sha256, std::move(patch));
}

base::Result<StoredPatches::LastWord> StoredPatches::check_source(
    Source const& source, std::string const& sha256, std::string const& file
) const {
    if (source.trust == Trust::tuf)
        return check_published(source, host_, kernel(), sha256);
    if (auto good = check_file(source, file, sha256); !good)
        return good.error();
    return LastWord();
}

base::Result<StoredPatches::Checked> StoredPatches::check(
    Source const& source, std::string const& sha256, std::string const& file
) const {
    auto said = check_source(source, sha256, file);
    if (!said)
        return said.error();
    bool const is_unsigned = source.trust == Trust::none;
    if (auto const wanted = kernel().signatures_wanted(); is_unsigned && !wanted.empty())
        return base::Error{
            .code = base::Errc::verification_failed,
            .subject = (source.path / file).string(),
            .cause = "of a source without signatures, and " + wanted,
            .remedy = {}};
    auto candidate = store_.read(sha256);
    if (!candidate)
        return candidate.error();
    auto const subject = candidate->subject();
    auto patch = verifier_of(source, key_directory_, kernel().release())
                     .verify(std::move(candidate).value());
    if (!patch)
        return patch.error();
    if (auto good = kernel().symbols().check(patch->module().versions, subject); !good)
        return good.error();
    return Checked{.patch = *std::move(patch), .said = *std::move(said)};
}

base::Result<trust::VerifiedPatch> StoredPatches::verify(Offer const& offer) const {
    if (auto kept = kept_.extract(offer.sha256))
        return std::move(kept.mapped());
    auto const* source = find(offer.source);
    if (source == nullptr)
        return not_configured(offer.name(), offer.source);
    auto checked = check(*source, offer.sha256, offer.place_in_source());
    if (!checked)
        return checked.error();
    return std::move(checked->patch);
}

} // namespace livepatch::repository
