#include "publish/tree.hpp"

#include "base/atomic_file.hpp"
#include "base/directory.hpp"
#include "base/file.hpp"

#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <utility>

namespace livepatch::publish {

namespace {

constexpr auto own = ".lprepo";
constexpr auto settings_file = "settings.json";
constexpr std::size_t largest_file = std::size_t{64} * 1024 * 1024; // of a module

std::filesystem::path cleaned(std::filesystem::path const& path) {
    auto clean = std::filesystem::absolute(path).lexically_normal();
    return clean.has_filename() ? clean : clean.parent_path(); // "repo/" has an empty name
}

base::Result<base::UniqueFd> lock(std::filesystem::path const& path) {
    base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd)
        return base::system_error(path.string(), "cannot open", errno);
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0)
        return fd;
    if (errno != EWOULDBLOCK)
        return base::system_error(path.string(), "cannot lock", errno);
    return base::Error{
        .code = base::Errc::busy,
        .subject = path.parent_path().string(),
        .cause = "another lprepo is at work on it",
        .remedy = "wait for its end"};
}

// N of "N.root.json"; 0 for any other name.
std::int64_t root_version(std::string_view name) {
    std::int64_t version = 0;
    auto const [stop, failed] = std::from_chars(name.data(), name.data() + name.size(), version);
    std::string_view const rest(stop, static_cast<std::size_t>(name.data() + name.size() - stop));
    return failed == std::errc() && rest == ".root.json" && version > 0 ? version : 0;
}

} // namespace

std::filesystem::path default_keys(std::filesystem::path const& directory) {
    auto keys = cleaned(directory);
    keys += ".keys";
    return keys;
}

Tree::Tree(std::filesystem::path directory, Settings settings, base::UniqueFd held)
    : directory_(std::move(directory)),
      settings_(std::move(settings)),
      lock_(std::move(held)) {}

base::Result<Tree> Tree::create(std::filesystem::path const& given, Settings settings) {
    auto const directory = cleaned(given);
    for (auto const* part : {"metadata", "targets"})
        if (auto made = base::make_directories(directory / part); !made)
            return made.error();
    if (auto made = base::make_directories(directory / own, 0700); !made)
        return made.error();
    auto held = lock(directory / own);
    if (!held)
        return held.error();
    Tree tree(directory, std::move(settings), *std::move(held));
    auto const root = tree.newest_root();
    if (!root)
        return root.error();
    if (*root != 0 || std::filesystem::exists(tree.draft("metadata/root.json")))
        return base::Error{
            .code = base::Errc::conflict,
            .subject = directory.string(),
            .cause = "is a repository already",
            .remedy = "choose another directory, or see 'lprepo rotate' for new keys"};
    auto written = write(directory / own / settings_file, tree.settings_.to_json());
    if (!written)
        return written.error();
    return tree;
}

base::Result<Tree> Tree::open(std::filesystem::path const& given) {
    auto const directory = cleaned(given);
    auto const text = read(directory / own / settings_file);
    if (!text)
        return text.error();
    if (!*text)
        return base::Error{
            .code = base::Errc::not_found,
            .subject = directory.string(),
            .cause = "no repository that lprepo made",
            .remedy = "make one with 'lprepo init'"};
    auto settings = Settings::from_json(**text, (directory / own / settings_file).string());
    if (!settings)
        return settings.error();
    auto held = lock(directory / own);
    if (!held)
        return held.error();
    return Tree(directory, *std::move(settings), *std::move(held));
}

std::filesystem::path Tree::keys() const {
    return (directory_.parent_path() / settings_.keys).lexically_normal();
}

std::filesystem::path Tree::metadata(std::string const& file) const {
    return directory_ / "metadata" / file;
}

std::filesystem::path Tree::targets(std::string const& path) const {
    return directory_ / "targets" / path;
}

std::filesystem::path Tree::draft(std::string const& path) const {
    return directory_ / own / "draft" / path;
}

base::Result<std::int64_t> Tree::newest_root() const {
    auto const names = base::list_directory(directory_ / "metadata");
    if (!names)
        return names.error();
    std::int64_t newest = 0;
    for (auto const& name : *names)
        newest = std::max(newest, root_version(name));
    return newest;
}

base::Result<void> Tree::write(std::filesystem::path const& file, std::string_view bytes) {
    if (auto made = base::make_directories(file.parent_path()); !made)
        return made;
    return base::replace_file(file, bytes, 0644, base::Durability::power_cut);
}

base::Result<std::optional<std::string>> Tree::read(std::filesystem::path const& file) {
    auto bytes = base::read_file(file, largest_file);
    if (bytes)
        return std::optional(*std::move(bytes));
    if (bytes.error().os_error == ENOENT || bytes.error().os_error == ENOTDIR)
        return std::optional<std::string>();
    return bytes.error();
}

base::Result<void> Tree::remove(std::filesystem::path const& file) {
    return base::remove_file(file);
}

} // namespace livepatch::publish
