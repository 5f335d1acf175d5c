// The private keys that are at hand.
#pragma once

#include "base/result.hpp"
#include "publish/authority.hpp"
#include "publish/private_key.hpp"

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace livepatch::publish {

class KeyChain {
public:
    struct Places {
        std::filesystem::path directory; // NAME.pem, each with its NAME.pub; may be missing
        std::vector<std::filesystem::path> files; // keys somebody named; each must be readable
    };

    KeyChain(Places places, PrivateKey::AskPassphrase ask);

    // Signs with keys of `authority` until there are enough signatures, or no key is left.
    base::Result<void> sign(RoleDocument& document, Authority const& authority);

    // The private half; nothing = it is not here.
    base::Result<std::optional<PrivateKey>> find(ListedKey const& wanted);

private:
    base::Result<void> look();
    base::Result<void> look_at_file(std::filesystem::path const& file);
    base::Result<PrivateKey> read(std::filesystem::path const& file) const;

    Places places_;
    PrivateKey::AskPassphrase ask_;
    bool looked_ = false;

    struct Known {
        ListedKey listed;
        std::filesystem::path file;
        std::optional<PrivateKey> key; // once it was needed
    };

    std::vector<Known> known_;
};

// "PUBLIC KEY" of a file, or of the private key in it.
base::Result<ListedKey>
read_public_key(std::filesystem::path const& file, PrivateKey::AskPassphrase const& ask);

} // namespace livepatch::publish
