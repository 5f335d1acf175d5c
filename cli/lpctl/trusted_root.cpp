#include "lpctl/trusted_root.hpp"

#include "base/file.hpp"
#include "base/sha256.hpp"
#include "base/strict_json.hpp"

namespace livepatch::lpctl {

namespace {

using nlohmann::json;

constexpr std::size_t largest_root = std::size_t{512} * 1024;

json const* member(json const* object, char const* key) {
    if (object == nullptr || !object->is_object())
        return nullptr;
    auto const found = object->find(key);
    return found == object->end() ? nullptr : &*found;
}

std::string text_of(json const* value) {
    return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

std::uint64_t number_of(json const* value) {
    return value != nullptr && value->is_number_unsigned() ? value->get<std::uint64_t>() : 0;
}

} // namespace

base::Result<TrustedRoot> read_trusted_root(std::filesystem::path const& path) {
    auto bytes = base::read_file(path, largest_root);
    if (!bytes)
        return bytes.error();
    auto const document = base::parse_strict_json(*bytes, path.string(), {.size = largest_root});
    if (!document)
        return document.error();
    auto const* said = member(&*document, "signed");
    auto const* role = member(member(said, "roles"), "root");
    auto const* keys = member(role, "keyids");
    TrustedRoot root{
        .bytes = {},
        .fingerprint = base::sha256(*bytes),
        .version = number_of(member(said, "version")),
        .expires = text_of(member(said, "expires")),
        .keys = keys != nullptr && keys->is_array() ? keys->size() : 0,
        .threshold = number_of(member(role, "threshold"))};
    bool const is_root = text_of(member(said, "_type")) == "root" && root.version != 0;
    if (!is_root || root.threshold == 0 || root.threshold > root.keys) {
        return base::Error{
            .code = base::Errc::verification_failed,
            .subject = path.string(),
            .cause = is_root ? "fewer keys than have to sign" : "no root.json of a repository",
            .remedy = "ask the repository's publisher for its root.json"};
    }
    root.bytes = *std::move(bytes);
    return root;
}

} // namespace livepatch::lpctl
