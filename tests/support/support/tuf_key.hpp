// Keys that sign metadata, made while the test runs.
#pragma once

#include <nlohmann/json.hpp>

#include <memory>
#include <string>
#include <string_view>

struct evp_pkey_st;

namespace livepatch::support {

class TufKey {
public:
    static TufKey ed25519();
    static TufKey rsa(unsigned bits = 2048);
    static TufKey ec(char const* curve = "P-256");

    // The key object; a test may write it in another way.
    nlohmann::json const& object() const { return object_; }

    std::string const& id() const { return id_; } // sha256 of it

    std::string pem() const;

    // In hex.
    std::string sign(std::string_view message) const;

    // The same key under another name.
    TufKey called(std::string id) const;

private:
    using Key = std::shared_ptr<evp_pkey_st>;
    TufKey(Key key, std::string type, std::string scheme);

    Key key_;
    nlohmann::json object_;
    std::string id_;
};

} // namespace livepatch::support
