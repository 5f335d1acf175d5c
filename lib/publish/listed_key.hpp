// A public key as metadata lists it.
#pragma once

#include "base/result.hpp"
#include "trust/tuf/public_key.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace livepatch::publish {

class ListedKey {
public:
    // Out of a PEM file ("PUBLIC KEY"): Ed25519, RSA of at least 2048 bits, or EC on P-256.
    static base::Result<ListedKey> from_pem(std::string const& pem, std::string_view subject);

    // As metadata has it. verification_failed for a key that no client can use.
    static base::Result<ListedKey> from_entry(std::string id, nlohmann::json object);

    // sha256 of the object's canonical form, or what metadata calls it.
    std::string const& id() const { return id_; }

    nlohmann::json const& object() const { return object_; }

    std::string type() const { return object_.at("keytype").get<std::string>(); }

    bool verifies(std::string_view signature, std::string_view message) const {
        return key_.verifies(signature, message);
    }

    // The same key, whatever it is called and however it is written.
    bool is(ListedKey const& other) const { return key_.identity() == other.key_.identity(); }

private:
    ListedKey(std::string id, nlohmann::json object, trust::tuf::PublicKey key);

    std::string id_;
    nlohmann::json object_;
    trust::tuf::PublicKey key_;
};

} // namespace livepatch::publish
