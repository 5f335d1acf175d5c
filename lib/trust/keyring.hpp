// The certificates whose module signatures are trusted.
#pragma once

#include "base/result.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace livepatch::trust {

// Immutable once loaded; copies share the certificates, and any thread may use it.
class Keyring {
public:
    // No certificate at all: nothing verifies.
    Keyring();

    // Every certificate of every "*.pem" file in `directory` that is not hidden, or of the files
    // `names` in it. Links are followed. A file that cannot be read or parsed, is no regular file,
    // or holds anything but certificates in PEM is left out and reported by problems(); a missing
    // directory is an empty keyring. A name with a slash, or one that is not there, is a problem
    // too.
    static Keyring
    load(std::filesystem::path const& directory, std::vector<std::string> const& names = {});

    bool empty() const;
    std::vector<base::Error> const& problems() const;

    struct Certificates; // OpenSSL's; for module_signature.cpp
    Certificates const& certificates() const;

private:
    std::shared_ptr<Certificates const> certificates_;
};

} // namespace livepatch::trust
