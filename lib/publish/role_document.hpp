// A metadata file under construction: what is signed, and the signatures so far.
#pragma once

#include "base/result.hpp"
#include "publish/listed_key.hpp"
#include "publish/times.hpp"
#include "trust/tuf/document.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <map>
#include <string>

namespace livepatch::publish {

struct RoleDocument {
    nlohmann::json content;                        // "signed"
    std::map<std::string, std::string> signatures; // hex, by key id

    static base::Result<RoleDocument> parse(trust::tuf::Document const& document);

    // Version and expiry in front of what a role says.
    static RoleDocument make(nlohmann::json body, std::int64_t version, Time expires);

    // What signatures are over.
    std::string payload() const;

    // The file, as small as it gets.
    std::string bytes() const;

    // verification_failed when it is not this key's signature of this content.
    base::Result<void> attach(ListedKey const& key, std::string const& signature);

    bool is_signed_by(ListedKey const& key) const;

    std::int64_t version() const { return content.at("version").get<std::int64_t>(); }

    Time expires() const;

    // What it says besides version and expiry.
    nlohmann::json body() const;
};

// "_type" and "spec_version", which every role begins with.
nlohmann::json new_body(std::string const& type);

} // namespace livepatch::publish
