#include "repository/module_entry.hpp"

#include "base/file.hpp"
#include "repository/safe_directory.hpp"

#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

namespace livepatch::repository {

namespace {

constexpr std::array<std::string_view, 4> suffixes{".ko", ".ko.xz", ".ko.zst", ".ko.gz"};

base::Result<Stamp> examine_file(int fd, std::filesystem::path const& path) {
    struct stat status = {};
    if (::fstat(fd, &status) != 0)
        return base::system_error(path.string(), "cannot examine", errno);
    return stamp_of(status);
}

} // namespace

bool ModuleEntry::Stamps::same_content(Stamps const& other) const {
    if (sidecar.has_value() != other.sidecar.has_value())
        return false;
    return module.same_content(other.module) && (!sidecar || sidecar->same_content(*other.sidecar));
}

std::optional<std::string> ModuleEntry::stem(std::string const& file_name) {
    if (file_name.starts_with('.'))
        return std::nullopt;
    for (auto const suffix : suffixes)
        if (file_name.ends_with(suffix))
            return file_name.substr(0, file_name.size() - suffix.size());
    return std::nullopt;
}

base::Result<ModuleEntry> ModuleEntry::open(int directory, std::filesystem::path const& path) {
    auto module = open_safe_file(directory, path.filename().string(), path);
    if (!module)
        return module.error();
    ModuleEntry entry(path, std::move(*module), base::UniqueFd());
    entry.open_sidecar(directory);
    auto stamps = entry.examine();
    if (!stamps)
        return stamps.error();
    entry.stamps_ = *std::move(stamps);
    return entry;
}

ModuleEntry::ModuleEntry(
    std::filesystem::path path, base::UniqueFd module, base::Result<base::UniqueFd> sidecar
)
    : path_(std::move(path)),
      module_(std::move(module)),
      sidecar_(std::move(sidecar)) {}

std::filesystem::path ModuleEntry::sidecar_path() const {
    auto const file = path_.filename().string();
    return path_.parent_path() / (stem(file).value_or(file) + ".ko.json");
}

// A module that root put there stays what it is, whatever others lay beside it.
void ModuleEntry::open_sidecar(int directory) {
    auto const path = sidecar_path();
    auto const name = path.filename().string();
    sidecar_ = open_safe_file(directory, name, path);
    if (sidecar_ || sidecar_.error().code == base::Errc::not_found ||
        !may_be_of_others(directory, name))
        return;
    foreign_sidecar_ = base::Error{
        .code = base::Errc::verification_failed,
        .subject = path.string(),
        .cause = "not root's, and ignored",
        .remedy = "remove it, and let nobody else write the directory"};
    sidecar_ = base::Error{
        .code = base::Errc::not_found, .subject = path.string(), .cause = {}, .remedy = {}};
}

base::Result<ModuleEntry::Stamps> ModuleEntry::examine() const {
    auto const module = examine_file(module_.get(), path_);
    if (!module)
        return module.error();
    Stamps stamps{.module = *module, .sidecar = {}};
    if (sidecar_) {
        auto const sidecar = examine_file(sidecar_->get(), sidecar_path());
        if (!sidecar)
            return sidecar.error();
        stamps.sidecar = *sidecar;
    }
    return stamps;
}

bool ModuleEntry::is_settled() const {
    return repository::is_settled(stamps_.module) &&
           (!stamps_.sidecar || repository::is_settled(*stamps_.sidecar));
}

base::Result<std::optional<Sidecar>> ModuleEntry::read_sidecar() const {
    auto const path = sidecar_path().string();
    if (!sidecar_) {
        if (sidecar_.error().code == base::Errc::not_found)
            return std::optional<Sidecar>();
        return sidecar_.error();
    }
    auto const text = base::read_file(sidecar_->get(), path, max_sidecar_size);
    if (!text)
        return text.error();
    auto sidecar = parse_sidecar(*text, path);
    if (!sidecar)
        return sidecar.error();
    return std::optional(*std::move(sidecar));
}

base::Result<ModuleEntry::Content> ModuleEntry::read() const {
    auto candidate = trust::Candidate::read(module_.get(), path_.string());
    auto sidecar = read_sidecar();
    auto const now = examine();
    if (!now)
        return now.error();
    // What was read of a file that is being written is neither the old one nor the new one. One
    // that was replaced by a rename is still the old one.
    if (!now->same_content(stamps_)) {
        return base::Error{
            .code = base::Errc::busy,
            .subject = path_.string(),
            .cause = "changed while it was read",
            .remedy = "write a file under another name and rename it when it is complete"};
    }
    if (!candidate)
        return candidate.error();
    return Content{.candidate = *std::move(candidate), .sidecar = std::move(sidecar)};
}

} // namespace livepatch::repository
