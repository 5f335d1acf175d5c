// What a Keyring holds. For the .cpp files of this layer.
#pragma once

#include "trust/keyring.hpp"
#include "trust/openssl.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace livepatch::trust {

struct Keyring::Certificates {
    std::filesystem::path directory; // empty for a keyring that was never loaded
    std::vector<X509Ptr> trusted;
    std::vector<base::Error> problems;
};

} // namespace livepatch::trust
