#include "mirror/mirror_tree.hpp"

#include "base/atomic_file.hpp"
#include "base/directory.hpp"
#include "base/file.hpp"
#include "base/unique_fd.hpp"
#include "trust/tuf/limits.hpp"
#include "trust/tuf/tree_source.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <fcntl.h>
#include <optional>
#include <string_view>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace livepatch::mirror {

namespace fs = std::filesystem;

namespace {

constexpr auto parts = ".part";
constexpr auto timestamp = "timestamp.json";

base::Result<void> sync_file(fs::path const& path) {
    base::UniqueFd const fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!fd || ::fsync(fd.get()) != 0)
        return base::system_error(path.string(), "cannot sync", errno);
    return {};
}

constexpr std::string_view root_ending = ".root.json";

bool is_root(std::string const& file) {
    return file.ends_with(root_ending);
}

// "N.root.json"; nothing: a name that we give to none.
std::optional<std::int64_t> version_of_root(std::string const& file) {
    auto const* const end = file.data() + file.size() - root_ending.size();
    std::int64_t version = 0;
    auto const [at, failed] = std::from_chars(file.data(), end, version);
    return failed == std::errc() && at == end ? std::optional(version) : std::nullopt;
}

// The files of a directory that `goes` says.
template <class Goes>
base::Result<void> remove_from(fs::path const& directory, Goes goes) {
    auto const there = base::list_directory(directory);
    if (!there)
        return there.error();
    for (auto const& file : *there)
        if (goes(file))
            if (auto removed = base::remove_file(directory / file); !removed)
                return removed;
    return {};
}

// Deepest first; one that is not empty stays.
void remove_empty_directories(fs::path const& root) {
    std::vector<fs::path> directories;
    std::error_code ignored;
    for (fs::recursive_directory_iterator at(root, ignored), end; !ignored && at != end;
         at.increment(ignored))
        if (at->is_directory(ignored))
            directories.push_back(at->path());
    for (auto at = directories.rbegin(); at != directories.rend(); ++at)
        ::rmdir(at->c_str());
}

} // namespace

bool MirrorTree::has_metadata(std::string const& file) const {
    std::error_code ignored;
    return fs::is_regular_file(root_ / "metadata" / file, ignored);
}

bool MirrorTree::metadata_is(std::string const& file, std::string_view bytes) const {
    auto const there = base::read_file(root_ / "metadata" / file, bytes.size());
    return there && *there == bytes;
}

bool MirrorTree::metadata_is(
    std::string const& file, trust::tuf::ContentDescription const& description
) const {
    auto const there = base::read_file(root_ / "metadata" / file, trust::tuf::Limits().targets);
    return there && trust::tuf::check_content(description, *there, file);
}

base::Result<void>
MirrorTree::write_metadata(std::string const& file, std::string_view bytes) const {
    return base::replace_file(root_ / "metadata" / file, bytes, 0644, base::Durability::power_cut);
}

bool MirrorTree::is_target(std::string const& file, trust::tuf::Target const& target) const {
    auto const length = static_cast<std::size_t>(target.length);
    trust::tuf::ContentCheck check(
        {.length = target.length, .hashes = target.hashes}, length, file
    );
    trust::tuf::TreeSource tree(root_);
    auto const read = tree.fetch(
        {.name = {trust::tuf::Source::Area::targets, file}, .limit = length},
        [&](std::span<std::byte const> bytes) { return check.append(bytes); }
    );
    return read && check.finish();
}

fs::path MirrorTree::part(trust::tuf::Target const& target) const {
    auto const& hashes = target.hashes;
    return root_ / parts / (hashes.sha256.empty() ? hashes.sha512 : hashes.sha256);
}

base::Result<void> MirrorTree::prepare() const {
    for (auto const* part : {"metadata", "targets", parts})
        if (auto made = base::make_directories(root_ / part); !made)
            return made;
    return {};
}

base::Result<void>
MirrorTree::complete(trust::tuf::Target const& target, std::string const& file) const {
    auto const from = part(target);
    auto const to = root_ / "targets" / file;
    if (auto good = sync_file(from); !good)
        return good;
    if (auto good = base::make_directories(to.parent_path()); !good)
        return good;
    if (::rename(from.c_str(), to.c_str()) != 0)
        return base::system_error(to.string(), "cannot put in place", errno);
    return base::sync_directory(to.parent_path());
}

base::Result<std::vector<std::string>> MirrorTree::keep_targets(std::set<std::string> const& files
) const {
    auto const root = root_ / "targets";
    std::vector<std::string> unwanted;
    std::error_code failed;
    for (fs::recursive_directory_iterator at(root, failed), end; !failed && at != end;
         at.increment(failed)) {
        auto file = at->path().lexically_relative(root).string();
        if (!at->is_directory(failed) && !files.contains(file))
            unwanted.push_back(std::move(file));
    }
    if (failed)
        return base::system_error(root.string(), "cannot tidy up", failed.value());
    for (auto const& file : unwanted)
        if (auto removed = base::remove_file(root / file); !removed)
            return removed.error();
    remove_empty_directories(root);
    if (auto good = remove_from(root_ / parts, [](auto const&) { return true; }); !good)
        return good.error();
    return unwanted;
}

base::Result<void> MirrorTree::keep_metadata(std::set<std::string> const& files) const {
    return remove_from(root_ / "metadata", [&](std::string const& file) {
        return !files.contains(file) && !is_root(file);
    });
}

base::Result<void> MirrorTree::forget_roots_above(std::int64_t version) const {
    return remove_from(root_ / "metadata", [&](std::string const& file) {
        return is_root(file) && version_of_root(file).value_or(version + 1) > version;
    });
}

bool MirrorTree::has_target_newer_than(std::string const& metadata) const {
    std::error_code failed;
    auto const written = fs::last_write_time(root_ / "metadata" / metadata, failed);
    for (fs::recursive_directory_iterator at(root_ / "targets", failed), end; !failed && at != end;
         at.increment(failed))
        if (at->is_regular_file(failed) && at->last_write_time(failed) > written)
            return true;
    return false;
}

std::uint64_t MirrorTree::size() const {
    std::uint64_t size = 0;
    for (auto const* part : {"metadata", "targets"}) {
        std::error_code failed;
        for (fs::recursive_directory_iterator at(root_ / part, failed), end; !failed && at != end;
             at.increment(failed)) {
            std::error_code gone;
            auto const name = at->path().filename().string();
            bool const counts = at->is_regular_file(gone) && !is_root(name) && name != timestamp;
            auto const one = counts ? at->file_size(gone) : 0;
            size += gone ? 0 : one;
        }
    }
    return size;
}

} // namespace livepatch::mirror
