// New private keys beside a repository.
#pragma once

#include "lprepo/context.hpp"
#include "lprepo/passphrases.hpp"
#include "publish/private_key.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace livepatch::lprepo {

class KeyMaking {
public:
    KeyMaking(
        std::filesystem::path directory,
        publish::PrivateKey::Kind kind,
        bool no_passphrase,
        Passphrases passphrases
    );

    std::filesystem::path const& directory() const { return directory_; }

    // NAME.pem and NAME.pub; asks for a passphrase once. Returns the public file.
    base::Result<std::filesystem::path> make(std::string const& name);

private:
    std::filesystem::path directory_;
    publish::PrivateKey::Kind kind_;
    bool no_passphrase_;
    Passphrases passphrases_;
    std::optional<std::string> passphrase_;
};

} // namespace livepatch::lprepo
