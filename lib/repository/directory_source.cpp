#include "repository/directory_source.hpp"

#include "base/directory.hpp"
#include "module/modinfo.hpp"
#include "repository/agreement.hpp"
#include "repository/safe_directory.hpp"
#include "repository/stamp.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace livepatch::repository {

namespace {

constexpr std::size_t max_files = 20'000; // a module and its sidecar are two

// The name a file would most likely have as a module; kmod writes '-' as '_'.
std::string name_from_file(std::filesystem::path const& path) {
    auto name = ModuleEntry::stem(path.filename().string()).value_or("");
    std::replace(name.begin(), name.end(), '-', '_');
    return module::is_module_name(name) ? name : std::string();
}

// Of the file, the sidecar where the file does not tell, and the source's configuration over both.
module::Replace replace_of(module::Replace told, Sidecar const* sidecar, Cumulative configured) {
    using module::Replace;
    if (configured != Cumulative::automatic)
        return configured == Cumulative::yes ? Replace::yes : Replace::no;
    if (told == Replace::unknown && sidecar != nullptr && sidecar->patch.replace)
        return *sidecar->patch.replace ? Replace::yes : Replace::no;
    return told;
}

void describe_by(Sidecar const& sidecar, Offer& offer) {
    auto const& patch = sidecar.patch;
    offer.id = patch.id;
    if (patch.version)
        offer.version = std::to_string(*patch.version);
    offer.severity = patch.severity;
    offer.cves = patch.cves;
    offer.states = patch.states;
    offer.reversible = patch.reversible;
    offer.withdrawn = patch.withdrawn;
    if (offer.withdrawn)
        offer.withdrawn->revert = false; // nobody signed a sidecar
    offer.release_only = sidecar.kernel.build_ids.empty();
    if (offer.module.objects.empty())
        offer.module.objects = patch.functions;
}

} // namespace

DirectorySource::DirectorySource(
    Source source, std::filesystem::path key_directory, RunningKernel& kernel
)
    : source_(std::move(source)),
      key_directory_(std::move(key_directory)),
      kernel_(kernel) {}

base::Result<base::UniqueFd> DirectorySource::open_directory() const {
    return open_safe_directory(
        source_.path, source_.remote ? FileSystems::any : FileSystems::local
    );
}

// The certificates, or where none are wanted, whether the kernel wants some.
void DirectorySource::forget_if_rules_changed() {
    bool const with_keys = source_.trust == Trust::module_signature;
    auto rules = with_keys ? "keys\n" + stamp_of_directory(key_directory_)
                           : "kernel\n" + kernel_.signatures_wanted();
    if (rules == rules_)
        return;
    rules_ = std::move(rules);
    if (with_keys)
        keys_ = trust::Keyring::load(key_directory_, source_.keys);
    known_.clear();
}

Listing DirectorySource::list() {
    forget_if_rules_changed();
    Listing listing;
    listing.problems = keys_.problems();
    auto const directory = open_directory();
    if (!directory) {
        known_.clear();
        if (directory.error().code != base::Errc::not_found)
            listing.problems.push_back(directory.error());
        return listing;
    }
    // By the descriptor that was checked: the path may lead elsewhere by now.
    auto names = base::list_directory(directory->get(), source_.path.string(), max_files);
    if (!names) {
        listing.problems.push_back(names.error());
        return listing;
    }
    std::sort(names->begin(), names->end(), [](auto const& left, auto const& right) {
        return ::strverscmp(left.c_str(), right.c_str()) < 0;
    });
    std::map<std::string, Known> still_there;
    for (auto const& name : names.value()) {
        if (!ModuleEntry::stem(name))
            continue;
        auto offer = offer_of(directory->get(), name, listing.problems);
        if (auto node = known_.extract(name); node)
            still_there.insert(std::move(node));
        if (!offer) {
            // Gone between listing and opening: as if it had never been there.
            if (offer.error().code != base::Errc::not_found)
                listing.problems.push_back(offer.error());
            continue;
        }
        // A module for another kernel is no fault: a directory may serve several.
        if (offer->refused && offer->refused->code != base::Errc::wrong_kernel)
            listing.problems.push_back(*offer->refused);
        if (!offer->name().empty())
            listing.offers.push_back(std::move(offer).value());
    }
    known_ = std::move(still_there);
    return listing;
}

Offer DirectorySource::new_offer(std::filesystem::path const& path) const {
    Offer offer{
        .source = source_.name,
        .priority = source_.priority,
        .path = path,
        .insecure = source_.trust == Trust::none};
    offer.module.name = name_from_file(path);
    offer.id = offer.module.name;
    return offer;
}

// A module for this release that does not fit for what else is loaded may fit later.
bool DirectorySource::depends_on_loaded_modules(Offer const& offer) const {
    return offer.refused && offer.refused->code == base::Errc::wrong_kernel &&
           offer.module.release == kernel_.release();
}

base::Result<Offer> DirectorySource::offer_of(
    int directory, std::string const& name, std::vector<base::Error>& problems
) {
    auto const path = source_.path / name;
    auto const entry = ModuleEntry::open(directory, path);
    if (!entry) {
        if (entry.error().code == base::Errc::not_found)
            return entry.error();
        auto offer = new_offer(path);
        offer.refused = entry.error();
        return offer;
    }
    if (entry->foreign_sidecar())
        problems.push_back(*entry->foreign_sidecar());
    auto const known = known_.find(name);
    if (known != known_.end() && known->second.settled && known->second.stamps == entry->stamps())
        return known->second.offer;
    auto offer = examine(*entry);
    bool const settled = entry->is_settled() && !depends_on_loaded_modules(offer);
    known_.insert_or_assign(
        name, Known{.stamps = entry->stamps(), .settled = settled, .offer = offer}
    );
    return offer;
}

Offer DirectorySource::examine(ModuleEntry const& entry) const {
    auto offer = new_offer(entry.path());
    auto const content = entry.read();
    if (!content) {
        offer.refused = content.error();
        return offer;
    }
    auto const* sidecar = content->sidecar && *content->sidecar ? &**content->sidecar : nullptr;
    offer.module = content->candidate.module();
    offer.module.versions.clear(); // only for the check: an offer may stay for months
    offer.module.replace = replace_of(offer.module.replace, sidecar, source_.cumulative);
    offer.sha256 = content->candidate.sha256();
    offer.id = offer.module.name;
    if (sidecar != nullptr)
        describe_by(*sidecar, offer);
    auto signer = check(entry, *content, verifier(keys_));
    if (signer)
        offer.signer = std::move(signer).value();
    else
        offer.refused = signer.error();
    return offer;
}

base::Result<void> DirectorySource::check_origin(ModuleEntry const& entry) const {
    auto const wanted = source_.trust == Trust::none ? kernel_.signatures_wanted() : std::string();
    if (wanted.empty())
        return {};
    return base::Error{
        .code = base::Errc::verification_failed,
        .subject = entry.path().string(),
        .cause = "of a source without signatures, and " + wanted,
        .remedy = "sign it, and give its source trust = \"module-signature\""};
}

base::Result<void> DirectorySource::check_sidecar(
    ModuleEntry const& entry, ModuleEntry::Content const& content
) const {
    if (!content.sidecar)
        return content.sidecar.error();
    if (!*content.sidecar)
        return {};
    auto const& [patch, kernel] = **content.sidecar;
    return check_agreement(
        kernel, patch, content.candidate, kernel_, entry.sidecar_path().string()
    );
}

// Whether it is for what runs here, whoever made it.
base::Result<void>
DirectorySource::check_fit(ModuleEntry const& entry, ModuleEntry::Content const& content) const {
    if (auto good = check_sidecar(entry, content); !good)
        return good;
    return kernel_.symbols().check(content.candidate.module().versions, entry.path().string());
}

// The fit last: what nobody trusts shall not make us read the kernel's modules.
base::Result<std::string> DirectorySource::check(
    ModuleEntry const& entry, ModuleEntry::Content const& content, trust::Verifier const& verifier
) const {
    if (auto good = check_origin(entry); !good)
        return good.error();
    auto signer = verifier.check(content.candidate);
    if (!signer)
        return signer;
    if (auto good = check_fit(entry, content); !good)
        return good.error();
    return signer;
}

trust::Verifier DirectorySource::verifier(trust::Keyring const& keys) const {
    return source_.trust == Trust::none ? trust::Verifier::without_signatures(kernel_.release())
                                        : trust::Verifier(keys, kernel_.release());
}

base::Result<trust::VerifiedPatch> DirectorySource::verify(Offer const& offer) const {
    auto const directory = open_directory();
    if (!directory)
        return directory.error();
    auto const entry = ModuleEntry::open(directory->get(), offer.path);
    if (!entry)
        return entry.error();
    auto content = entry->read();
    if (!content)
        return content.error();
    auto const* sidecar = content->sidecar && *content->sidecar ? &**content->sidecar : nullptr;
    auto const id = sidecar == nullptr ? content->candidate.module().name : sidecar->patch.id;
    if (content->candidate.sha256() != offer.sha256 || (content->sidecar && id != offer.id)) {
        return base::Error{
            .code = base::Errc::conflict,
            .subject = offer.path.string(),
            .cause = "changed since it was read",
            .remedy = "try again"};
    }
    if (auto good = check_origin(*entry); !good)
        return good.error();
    if (auto good = check_fit(*entry, *content); !good)
        return good.error();
    // The keys as they are now: one may have been withdrawn since the listing.
    auto const keys = trust::Keyring::load(key_directory_, source_.keys);
    return verifier(keys).verify(std::move(content->candidate));
}

} // namespace livepatch::repository
