#include "repository/directory_source.hpp"

#include "base/directory.hpp"
#include "repository/safe_directory.hpp"
#include "trust/candidate.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace livepatch::repository {

namespace {

constexpr std::array<std::string_view, 4> suffixes{".ko", ".ko.xz", ".ko.zst", ".ko.gz"};
constexpr std::size_t max_files = 10'000;
constexpr std::size_t max_module_name = 55; // MODULE_NAME_LEN - 1 on 64 bits

std::optional<std::string> stem(std::string const& file_name) {
    if (file_name.starts_with('.'))
        return std::nullopt;
    for (auto const suffix : suffixes)
        if (file_name.ends_with(suffix))
            return file_name.substr(0, file_name.size() - suffix.size());
    return std::nullopt;
}

bool is_module_name(std::string_view name) {
    return !name.empty() && name.size() <= max_module_name &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_';
           });
}

// The name a file would most likely have as a module; kmod writes '-' as '_'.
std::string name_from_file(std::filesystem::path const& path) {
    auto name = stem(path.filename().string()).value_or("");
    std::replace(name.begin(), name.end(), '-', '_');
    return is_module_name(name) ? name : std::string();
}

module::Replace replace_of(module::Replace told, Cumulative configured) {
    if (configured == Cumulative::no)
        return module::Replace::no;
    if (configured == Cumulative::yes)
        return module::Replace::yes;
    return told;
}

bool same_time(std::timespec const& left, std::timespec const& right) {
    return left.tv_sec == right.tv_sec && left.tv_nsec == right.tv_nsec;
}

// File times move in steps of a tick: a file that changed a moment ago may change again and keep
// its stamp.
bool is_settled(std::timespec const& changed) {
    std::timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec > changed.tv_sec + 1;
}

// Changes whenever a certificate is added, removed or edited.
std::string stamp_of_directory(std::filesystem::path const& directory) {
    std::string stamp;
    auto const names = base::list_directory(directory, max_files);
    if (!names)
        return stamp;
    for (auto const& name : names.value()) {
        struct stat status = {};
        if (::stat((directory / name).c_str(), &status) != 0)
            continue;
        stamp += name + '/' + std::to_string(status.st_ino) + '/' + std::to_string(status.st_size) +
                 '/' + std::to_string(status.st_ctim.tv_sec) + '.' +
                 std::to_string(status.st_ctim.tv_nsec) + '\n';
    }
    return stamp;
}

} // namespace

bool DirectorySource::Stamp::operator==(Stamp const& other) const {
    return device == other.device && inode == other.inode && size == other.size &&
           same_time(modified, other.modified) && same_time(changed, other.changed);
}

DirectorySource::DirectorySource(
    Source source, std::filesystem::path key_directory, std::string release
)
    : source_(std::move(source)),
      key_directory_(std::move(key_directory)),
      release_(std::move(release)) {}

base::Result<base::UniqueFd> DirectorySource::open_directory() const {
    return open_safe_directory(
        source_.path, source_.remote ? FileSystems::any : FileSystems::local
    );
}

base::Result<DirectorySource::Stamp>
DirectorySource::stamp_of(int fd, std::filesystem::path const& path) {
    struct stat status = {};
    if (::fstat(fd, &status) != 0)
        return base::system_error(path.string(), "cannot examine", errno);
    return Stamp{status.st_dev, status.st_ino, status.st_size, status.st_mtim, status.st_ctim};
}

void DirectorySource::forget_if_keys_changed() {
    auto stamp = "keys\n" + stamp_of_directory(key_directory_);
    if (stamp == keys_stamp_)
        return;
    keys_stamp_ = std::move(stamp);
    keys_ = trust::Keyring::load(key_directory_, source_.keys);
    known_.clear();
}

DirectorySource::Listing DirectorySource::list() {
    forget_if_keys_changed();
    Listing listing;
    listing.problems = keys_.problems();
    auto const directory = open_directory();
    if (!directory) {
        known_.clear();
        if (directory.error().code != base::Errc::not_found)
            listing.problems.push_back(directory.error());
        return listing;
    }
    auto names = base::list_directory(source_.path, max_files);
    if (!names) {
        listing.problems.push_back(names.error());
        return listing;
    }
    std::sort(names->begin(), names->end(), [](auto const& left, auto const& right) {
        return ::strverscmp(left.c_str(), right.c_str()) < 0;
    });
    std::map<std::string, Known> still_there;
    for (auto const& name : names.value()) {
        if (!stem(name))
            continue;
        auto offer = offer_of(directory->get(), name);
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

base::Result<Offer> DirectorySource::offer_of(int directory, std::string const& name) {
    auto const path = source_.path / name;
    auto const fd = open_safe_file(directory, name, path);
    if (!fd) {
        if (fd.error().code == base::Errc::not_found)
            return fd.error();
        Offer offer{
            .source = source_.name,
            .priority = source_.priority,
            .path = path,
            .refused = fd.error()};
        offer.module.name = name_from_file(path);
        offer.id = offer.module.name;
        return offer;
    }
    auto const stamp = stamp_of(fd->get(), path);
    if (!stamp)
        return stamp.error();
    auto const known = known_.find(name);
    if (known != known_.end() && known->second.settled && known->second.stamp == stamp.value())
        return known->second.offer;
    bool const settled = is_settled(stamp->changed);
    auto offer = examine(fd->get(), path);
    known_.insert_or_assign(
        name, Known{.stamp = stamp.value(), .settled = settled, .offer = offer}
    );
    return offer;
}

Offer DirectorySource::examine(int fd, std::filesystem::path const& path) const {
    Offer offer{.source = source_.name, .priority = source_.priority, .path = path};
    auto const candidate = trust::Candidate::read(fd, path.string());
    if (!candidate) {
        offer.module.name = name_from_file(path);
        offer.refused = candidate.error();
    } else {
        offer.module = candidate->module();
        offer.module.replace = replace_of(offer.module.replace, source_.cumulative);
        offer.sha256 = candidate->sha256();
        auto signer = trust::Verifier(keys_, release_).check(candidate.value());
        if (signer)
            offer.signer = std::move(signer).value();
        else
            offer.refused = signer.error();
    }
    offer.id = offer.module.name;
    return offer;
}

base::Result<trust::VerifiedPatch> DirectorySource::verify(Offer const& offer) const {
    auto const directory = open_directory();
    if (!directory)
        return directory.error();
    auto const fd = open_safe_file(directory->get(), offer.path.filename().string(), offer.path);
    if (!fd)
        return fd.error();
    auto candidate = trust::Candidate::read(fd->get(), offer.path.string());
    if (!candidate)
        return candidate.error();
    if (candidate->sha256() != offer.sha256) {
        return base::Error{
            .code = base::Errc::conflict,
            .subject = offer.path.string(),
            .cause = "changed since it was read",
            .remedy = "try again"};
    }
    // The keys as they are now: one may have been withdrawn since the listing.
    auto keys = trust::Keyring::load(key_directory_, source_.keys);
    return trust::Verifier(std::move(keys), release_).verify(std::move(candidate).value());
}

} // namespace livepatch::repository
