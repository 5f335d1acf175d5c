#include "repository/tuf_repository.hpp"

#include "base/atomic_file.hpp"
#include "base/directory.hpp"
#include "base/file.hpp"
#include "base/sealed_file.hpp"
#include "repository/anchor.hpp"
#include "repository/module_target.hpp"
#include "trust/tuf/file_name.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

namespace livepatch::repository {

namespace {

namespace tuf = trust::tuf;

constexpr std::string_view catalogue_prefix = "catalogue";
constexpr auto brake_file = "brake.json";
constexpr std::string_view no_brakes = R"({"schema":"livepatchd.brake/1","modules":[]})";

// Of each kernel its own: another one may be booted in between.
std::string catalogue_file(std::string_view release) {
    return std::string(catalogue_prefix) + '-' + std::string(release) + ".json";
}

// No repository is not a repository without that file.
base::Error in_words_of_repository(base::Error error) {
    if (error.code == base::Errc::not_found)
        error.code = base::Errc::unreachable;
    return error;
}

std::string_view text_of(base::SealedFile const& file) {
    auto const bytes = file.bytes();
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes as characters
    return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

std::string_view brake_text(std::optional<base::SealedFile> const& file) {
    return file ? text_of(*file) : no_brakes;
}

// Whether the file is there with this content; it may be large, and is not taken into memory.
bool says(std::filesystem::path const& path, std::string_view text) {
    std::ifstream file(path, std::ios::binary);
    std::array<char, std::size_t{64} * 1024> part; // NOLINT: filled by read
    while (file.read(part.data(), part.size()) || file.gcount() > 0) {
        auto const size = static_cast<std::size_t>(file.gcount());
        if (!text.starts_with(std::string_view(part.data(), size)))
            return false;
        text.remove_prefix(size);
    }
    return file.eof() && text.empty();
}

base::Result<BrakeList> remembered_brakes(std::filesystem::path const& path) {
    auto const text = base::read_file(path, max_brake_size);
    if (!text && text.error().os_error == ENOENT)
        return BrakeList();
    if (!text)
        return text.error();
    return parse_brake_list(*text, path.string());
}

} // namespace

base::Result<TufRepository> TufRepository::open(Paths const& paths, Time now) {
    auto anchor = read_anchor(paths.anchor);
    if (!anchor)
        return anchor.error();
    auto store = tuf::Store::open(
        {.metadata = paths.state / "metadata", .memory = paths.state / "state.json"}
    );
    if (!store)
        return store.error();
    auto parts = std::make_unique<Parts>(paths, std::move(*store));
    auto client = tuf::Client::refreshed(
        std::move(*anchor), {.store = parts->store, .source = parts->source, .now = now}
    );
    if (!client)
        return in_words_of_repository(client.error());
    parts->client.emplace(std::move(*client));
    return TufRepository(std::move(parts));
}

base::Result<base::SealedFile> TufRepository::file(std::string const& path, std::size_t limit) {
    auto const target = parts_->client->find(path);
    if (!target)
        return target.error();
    if (static_cast<std::size_t>(target->length) > limit) {
        return base::Error{
            .code = base::Errc::limits_exceeded,
            .subject = path,
            .cause = "longer than " + std::to_string(limit) + " bytes",
            .remedy = "its publisher has to make it smaller"};
    }
    auto writer = base::SealedFileWriter::create("catalogue");
    if (!writer)
        return writer.error();
    auto const fetched = parts_->client->fetch(*target, [&](std::span<std::byte const> bytes) {
        return writer->append(bytes);
    });
    if (!fetched)
        return fetched.error();
    return std::move(*writer).seal();
}

base::Result<void> TufRepository::remember(std::string const& name, std::string_view text) {
    auto const path = parts_->paths.state / name;
    if (says(path, text))
        return {};
    return base::replace_file(path, text, 0644, base::Durability::power_cut);
}

base::Result<TufRepository::Texts>
TufRepository::texts(std::string const& arch, std::string const& release) {
    auto brakes = file(std::string(brake_path), max_brake_size);
    if (!brakes && brakes.error().code != base::Errc::not_found)
        return brakes.error();
    auto catalogue = file(catalogue_path(arch, release), max_catalogue_size);
    if (!catalogue)
        return catalogue.error();
    Texts texts{.brakes = std::nullopt, .catalogue = *std::move(catalogue)};
    if (brakes)
        texts.brakes = *std::move(brakes);
    return texts;
}

base::Result<TufRepository::Published> TufRepository::parse(
    Texts const& texts, std::string const& arch, std::string const& release, std::string_view ring
) {
    auto brakes = parse_brake_list(brake_text(texts.brakes), brake_path);
    if (!brakes)
        return brakes.error();
    auto catalogue =
        parse_catalogue_of(release, text_of(texts.catalogue), catalogue_path(arch, release), ring);
    if (!catalogue)
        return catalogue.error();
    return Published{.catalogue = *std::move(catalogue), .brakes = *std::move(brakes)};
}

// What stops is remembered before what could be loaded.
base::Result<TufRepository::Published> TufRepository::published(
    std::string const& arch, std::string const& release, std::string_view ring
) {
    auto const content = texts(arch, release);
    if (!content)
        return content.error();
    auto published = parse(*content, arch, release, ring);
    if (!published)
        return published;
    for (auto const& [name, text] :
         {std::pair(std::string(brake_file), brake_text(content->brakes)),
          std::pair(catalogue_file(release), text_of(content->catalogue))})
        if (auto kept = remember(name, text); !kept)
            return kept.error();
    return published;
}

base::Result<TufRepository::Published> TufRepository::remembered(
    std::filesystem::path const& state, std::string const& release, std::string_view ring
) {
    auto const path = state / catalogue_file(release);
    auto const text = base::read_file(path, max_catalogue_size);
    if (!text)
        return text.error();
    auto catalogue = parse_kernel_catalogue(*text, path.string(), ring);
    if (!catalogue)
        return catalogue.error();
    if (catalogue->kernel.release != release) {
        return base::Error{
            .code = base::Errc::not_found,
            .subject = path.string(),
            .cause = "of another kernel, " + catalogue->kernel.release,
            .remedy = {}};
    }
    auto brakes = remembered_brakes(state / brake_file);
    if (!brakes)
        return brakes.error();
    return Published{.catalogue = *std::move(catalogue), .brakes = *std::move(brakes)};
}

// What cannot be removed now is found by the next reading.
void TufRepository::remember_only(std::vector<std::string> const& releases) const {
    auto const& state = parts_->paths.state;
    auto const is_wanted = [&](std::string const& file) {
        return std::any_of(releases.begin(), releases.end(), [&](auto const& release) {
            return file == catalogue_file(release);
        });
    };
    auto const files = base::list_directory(state);
    for (auto const& file : files ? *files : std::vector<std::string>())
        if (file.starts_with(catalogue_prefix) && !is_wanted(file))
            (void)base::remove_file(state / file);
}

// At once, so that nothing is believed of what a crash leaves.
base::Result<void> TufRepository::forget(std::filesystem::path const& state) {
    auto aside = state;
    aside += ".old";
    auto const remove = [&]() -> base::Result<void> {
        std::error_code failed;
        std::filesystem::remove_all(aside, failed);
        return failed ? base::system_error(aside.string(), "cannot remove", failed.value())
                      : base::Result<void>();
    };
    if (auto good = remove(); !good)
        return good;
    if (::rename(state.c_str(), aside.c_str()) != 0)
        return errno == ENOENT ? base::Result<void>()
                               : base::system_error(state.string(), "cannot remove", errno);
    if (auto good = base::sync_directory(state.parent_path()); !good)
        return good;
    return remove();
}

base::Result<std::filesystem::path> TufRepository::path_of(PatchEntry const& entry) {
    auto const target = module_target(*parts_->client, entry);
    if (!target)
        return target.error();
    auto file = tuf::target_file_name(*target, parts_->client->root().consistent_snapshot);
    if (!file)
        return file.error();
    return std::filesystem::path(
        parts_->source.locate({tuf::Source::Area::targets, std::move(*file)})
    );
}

base::Result<trust::Candidate> TufRepository::module(PatchEntry const& entry) {
    auto const target = module_target(*parts_->client, entry);
    if (!target)
        return target.error();
    auto const path = path_of(entry);
    if (!path)
        return path.error();
    auto writer = base::SealedFileWriter::create(entry.module.name);
    if (!writer)
        return writer.error();
    auto const fetched =
        parts_->client->fetch_unhashed(*target, [&](std::span<std::byte const> bytes) {
            return writer->append(bytes);
        });
    if (!fetched) {
        auto error = fetched.error();
        // The limit is what was signed.
        if (error.code == base::Errc::limits_exceeded)
            error.code = base::Errc::verification_failed;
        return error;
    }
    auto file = std::move(*writer).seal();
    if (!file)
        return file.error();
    return trust::Candidate::parse(std::move(*file), path->string(), entry.module.sha256);
}

Time TufRepository::expires() const {
    auto const& client = *parts_->client;
    return std::min(
        {client.root().header.expires,
         client.timestamp().header.expires,
         client.snapshot().header.expires,
         client.targets().header.expires}
    );
}

TakenBack all_taken_back(TufRepository::Published const& published) {
    TakenBack all;
    for (auto const& [sha256, reason] : published.brakes)
        all.emplace(sha256, Withdrawal{.reason = "brake: " + reason, .revert = false});
    for (auto const& [sha256, withdrawal] : published.catalogue.withdrawn)
        all.insert_or_assign(sha256, withdrawal);
    return all;
}

} // namespace livepatch::repository
