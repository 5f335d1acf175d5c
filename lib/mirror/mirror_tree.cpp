#include "mirror/mirror_tree.hpp"

#include "base/atomic_file.hpp"
#include "base/directory.hpp"
#include "base/unique_fd.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <vector>

namespace livepatch::mirror {

namespace fs = std::filesystem;

namespace {

constexpr auto parts = ".part";

base::Result<void> make_directory(fs::path const& path) {
    std::error_code ignored; // what is wrong shows in a moment
    if (path.empty() || fs::is_directory(path, ignored))
        return {};
    if (auto made = make_directory(path.parent_path()); !made)
        return made;
    if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST)
        return base::system_error(path.string(), "cannot make the directory", errno);
    return base::sync_directory(path.parent_path());
}

base::Result<void> sync_file(fs::path const& path) {
    base::UniqueFd const fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!fd || ::fsync(fd.get()) != 0)
        return base::system_error(path.string(), "cannot sync", errno);
    return {};
}

} // namespace

bool MirrorTree::has_metadata(std::string const& file) const {
    std::error_code ignored;
    return fs::is_regular_file(root_ / "metadata" / file, ignored);
}

base::Result<void>
MirrorTree::write_metadata(std::string const& file, std::string_view bytes) const {
    return base::replace_file(root_ / "metadata" / file, bytes, 0644, base::Durability::power_cut);
}

bool MirrorTree::has_target(std::string const& file, std::int64_t length) const {
    std::error_code failed;
    auto const size = fs::file_size(root_ / "targets" / file, failed);
    return !failed && size == static_cast<std::uintmax_t>(length);
}

fs::path MirrorTree::part(trust::tuf::Target const& target) const {
    auto const& hashes = target.hashes;
    return root_ / parts / (hashes.sha256.empty() ? hashes.sha512 : hashes.sha256);
}

base::Result<void> MirrorTree::prepare() const {
    for (auto const* part : {"metadata", "targets", parts})
        if (auto made = make_directory(root_ / part); !made)
            return made;
    return {};
}

base::Result<void>
MirrorTree::complete(trust::tuf::Target const& target, std::string const& file) const {
    auto const from = part(target);
    auto const to = root_ / "targets" / file;
    if (auto good = sync_file(from); !good)
        return good;
    if (auto good = make_directory(to.parent_path()); !good)
        return good;
    if (::rename(from.c_str(), to.c_str()) != 0)
        return base::system_error(to.string(), "cannot put in place", errno);
    return base::sync_directory(to.parent_path());
}

base::Result<void> MirrorTree::keep_targets(std::set<std::string> const& files) const {
    auto const root = root_ / "targets";
    std::vector<fs::path> gone;
    std::error_code failed;
    for (fs::recursive_directory_iterator at(root, failed), end; !failed && at != end;
         at.increment(failed))
        if (!at->is_directory(failed) &&
            !files.contains(at->path().lexically_relative(root).string()))
            gone.push_back(at->path());
    for (fs::directory_iterator at(root_ / parts, failed), end; !failed && at != end;
         at.increment(failed))
        gone.push_back(at->path());
    for (auto const& path : gone)
        if (!failed)
            fs::remove(path, failed);
    if (failed)
        return base::system_error(root.string(), "cannot tidy up", failed.value());
    return {};
}

} // namespace livepatch::mirror
