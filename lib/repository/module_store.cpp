#include "repository/module_store.hpp"

#include "base/atomic_file.hpp"
#include "base/directory.hpp"
#include "base/file.hpp"
#include "repository/safe_directory.hpp"

#include <span>
#include <string_view>
#include <system_error>

namespace livepatch::repository {

namespace {

constexpr std::string_view suffix = ".ko";

} // namespace

std::filesystem::path ModuleStore::path_of(std::string const& sha256) const {
    return directory_ / (sha256 + std::string(suffix));
}

base::Result<void> ModuleStore::put(trust::VerifiedPatch const& patch) const {
    if (auto made = base::make_directories(directory_, 0700); !made)
        return made;
    auto const path = path_of(patch.sha256());
    auto const bytes = patch.file().bytes();
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes as characters
    std::string_view const content(reinterpret_cast<char const*>(bytes.data()), bytes.size());
    // Whole, and not only as large: what was damaged on the disk is written anew.
    if (auto const there = base::read_file(path, content.size() + 1); there && *there == content)
        return {};
    return base::replace_file(path, content, 0600, base::Durability::power_cut);
}

bool ModuleStore::has(std::string const& sha256) const {
    std::error_code ignored;
    return std::filesystem::is_regular_file(path_of(sha256), ignored);
}

base::Result<trust::Candidate> ModuleStore::read(std::string const& sha256) const {
    auto const path = path_of(sha256);
    auto const directory = open_safe_directory(directory_, FileSystems::any);
    if (!directory)
        return directory.error();
    auto const file = open_safe_file(directory->get(), path.filename().string(), path);
    if (!file)
        return file.error();
    auto candidate = trust::Candidate::read(file->get(), path.string());
    if (candidate && candidate->sha256() != sha256)
        return base::Error{
            .code = base::Errc::conflict,
            .subject = path.string(),
            .cause = "damaged: its content is not what its name says",
            .remedy = "it is stored again when the patch is loaded from its source"};
    return candidate;
}

void ModuleStore::keep_only(std::set<std::string> const& digests) const {
    auto const names = base::list_directory(directory_);
    if (!names)
        return;
    for (auto const& name : *names) {
        bool const wanted =
            name.ends_with(suffix) && digests.contains(name.substr(0, name.size() - suffix.size()));
        if (!wanted)
            (void)base::remove_file(directory_ / name); // it is tried again with the next load
    }
}

} // namespace livepatch::repository
