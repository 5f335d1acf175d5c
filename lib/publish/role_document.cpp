#include "publish/role_document.hpp"

#include "base/text.hpp"
#include "trust/tuf/canonical_json.hpp"
#include "trust/tuf/envelope.hpp"
#include "trust/tuf/fields.hpp"
#include "trust/tuf/hex_text.hpp"
#include "trust/tuf/limits.hpp"
#include "trust/tuf/refusal.hpp"

#include <optional>
#include <span>
#include <utility>

namespace livepatch::publish {

namespace {

using nlohmann::json;

} // namespace

base::Result<RoleDocument> RoleDocument::parse(trust::tuf::Document const& document) {
    auto envelope = trust::tuf::read_envelope(document, trust::tuf::Limits().targets);
    if (!envelope)
        return envelope.error();
    std::optional<std::string> wrong;
    trust::tuf::Fields const fields(envelope->content, "signed", wrong);
    auto const type = fields.text("_type", 64);
    trust::tuf::Header::read(fields, type);
    if (wrong)
        return trust::tuf::refusal(document.subject, std::move(*wrong));
    RoleDocument role{.content = std::move(envelope->content), .signatures = {}};
    for (auto const& [id, signature] : envelope->signatures)
        role.signatures[id] = base::hex(std::as_bytes(std::span(signature)));
    return role;
}

RoleDocument RoleDocument::make(json body, std::int64_t version, Time expires) {
    body["version"] = version;
    body["expires"] = time_text(expires);
    return {.content = std::move(body), .signatures = {}};
}

std::string RoleDocument::payload() const {
    return trust::tuf::canonical_json(content);
}

std::string RoleDocument::bytes() const {
    auto list = json::array();
    for (auto const& [id, signature] : signatures)
        list.push_back({{"keyid", id}, {"sig", signature}});
    return json{{"signatures", std::move(list)}, {"signed", content}}.dump() + '\n';
}

base::Result<void> RoleDocument::attach(ListedKey const& key, std::string const& signature) {
    if (!key.verifies(signature, payload()))
        return base::Error{
            .code = base::Errc::verification_failed,
            .subject = key.id(),
            .cause = "the signature is not this key's, or of another content",
            .remedy = "sign what 'lprepo payload' prints now, with the key that belongs to it"};
    signatures[key.id()] = base::hex(std::as_bytes(std::span(signature)));
    return {};
}

bool RoleDocument::is_signed_by(ListedKey const& key) const {
    auto const found = signatures.find(key.id());
    if (found == signatures.end())
        return false;
    auto const bytes = trust::tuf::bytes_of_hex(found->second);
    return bytes && key.verifies(*bytes, payload());
}

Time RoleDocument::expires() const {
    return trust::tuf::parse_time(content.at("expires").get<std::string>()).value_or(Time());
}

json RoleDocument::body() const {
    auto rest = content;
    rest.erase("version");
    rest.erase("expires");
    return rest;
}

json new_body(std::string const& type) {
    return {{"_type", type}, {"spec_version", "1.0.34"}};
}

} // namespace livepatch::publish
