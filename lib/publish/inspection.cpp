#include "publish/inspection.hpp"

#include "base/sha256.hpp"
#include "publish/catalogue_document.hpp"
#include "publish/names.hpp"
#include "repository/kernel_catalogue.hpp"
#include "trust/tuf/client.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <utility>

namespace livepatch::publish {

namespace {

using nlohmann::json;
namespace tuf = trust::tuf;

// Where the client keeps what it saw; gone with this.
class Scratch {
public:
    static base::Result<Scratch> make() {
        auto name = (std::filesystem::temp_directory_path() / "lprepo.XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr)
            return base::system_error(name, "cannot make the directory", errno);
        return Scratch(name);
    }

    Scratch(Scratch&& other) noexcept : path_(std::exchange(other.path_, {})) {}

    Scratch(Scratch const&) = delete;
    Scratch& operator=(Scratch const&) = delete;

    ~Scratch() {
        std::error_code ignored;
        if (!path_.empty())
            std::filesystem::remove_all(path_, ignored);
    }

    tuf::Store::Paths paths() const {
        return {.metadata = path_ / "metadata", .memory = path_ / "state.json"};
    }

private:
    explicit Scratch(std::filesystem::path path) : path_(std::move(path)) {}

    std::filesystem::path path_;
};

class Inspector {
public:
    Inspector(tuf::Client& client, Inspection& result) : client_(client), result_(result) {}

    base::Result<void> look_at_everything() {
        for (auto const& [path, target] : client_.targets().targets) {
            auto const text = fetch(target);
            if (!text)
                return text.error();
            if (is_catalogue_path(path))
                if (auto good = look_at_catalogue(path, *text); !good)
                    return good;
        }
        return look_at_brake();
    }

private:
    base::Result<std::string> fetch(tuf::Target const& target) {
        std::string bytes;
        auto fetched = client_.fetch(target, [&](std::span<std::byte const> part) {
            bytes.append(reinterpret_cast<char const*>(part.data()), part.size()); // NOLINT
            return base::Result<void>();
        });
        if (!fetched)
            return fetched.error();
        ++result_.files;
        result_.bytes += bytes.size();
        return bytes;
    }

    base::Result<void> look_at_brake() {
        auto const target = client_.find(brake_path);
        if (!target && target.error().code == base::Errc::not_found)
            return {};
        if (!target)
            return target.error();
        auto const text = fetch(*target);
        if (!text)
            return text.error();
        return {};
    }

    base::Result<void> look_at_catalogue(std::string const& path, std::string const& text) {
        auto const catalogue = CatalogueDocument::parse(text, path);
        if (!catalogue)
            return catalogue.error();
        // With the hosts' own reader, which is stricter.
        if (auto const read = repository::parse_kernel_catalogue(text, path); !read)
            return read.error();
        if (catalogue_path(catalogue->release()) != path)
            return refused(path, "it is for the kernel " + catalogue->release());
        ++result_.kernels;
        for (auto const& patch : catalogue->content().at("patches"))
            if (auto good = look_at_patch(path, catalogue->release(), patch); !good)
                return good;
        return {};
    }

    base::Result<void>
    look_at_patch(std::string const& path, std::string const& release, json const& patch) {
        auto const id = patch.value("id", "");
        result_.patches.push_back(
            {.release = release,
             .id = id,
             .severity = patch.value("severity", ""),
             .is_withdrawn = patch.contains("withdrawn") && patch["withdrawn"].is_object()}
        );
        auto const module_path = patch.value(json::json_pointer("/module/path"), "");
        auto const& targets = client_.targets().targets;
        auto const target = targets.find(module_path);
        if (target == targets.end())
            return refused(path, id + ": no module '" + module_path + "' is signed");
        if (patch.value(json::json_pointer("/module/length"), std::int64_t{-1}) !=
                target->second.length ||
            patch.value(json::json_pointer("/module/hashes/sha256"), "") !=
                target->second.hashes.sha256)
            return refused(path, id + ": it names another module than the signed " + module_path);
        return {};
    }

    static base::Error refused(std::string const& path, std::string cause) {
        return {
            .code = base::Errc::verification_failed,
            .subject = path,
            .cause = std::move(cause),
            .remedy = "add the module again, and publish"};
    }

    tuf::Client& client_;
    Inspection& result_;
};

} // namespace

Inspection::Role const& Inspection::soonest() const {
    return *std::ranges::min_element(roles, {}, &Role::expires);
}

base::Result<Inspection> inspect(tuf::Source& source, tuf::Document anchor, Time now) {
    auto const scratch = Scratch::make();
    if (!scratch)
        return scratch.error();
    auto store = tuf::Store::open(scratch->paths());
    if (!store)
        return store.error();
    Inspection result;
    result.anchor_sha256 = base::sha256(anchor.bytes);
    auto client = tuf::Client::refreshed(
        std::move(anchor), {.store = *store, .source = source, .now = now, .limits = {}}
    );
    if (!client)
        return client.error();
    auto const role = [&](char const* name, tuf::Header const& header) {
        result.roles.push_back({.name = name, .version = header.version, .expires = header.expires}
        );
    };
    role("root", client->root().header);
    role("timestamp", client->timestamp().header);
    role("snapshot", client->snapshot().header);
    role("targets", client->targets().header);
    if (auto good = Inspector(*client, result).look_at_everything(); !good)
        return good.error();
    return result;
}

} // namespace livepatch::publish
