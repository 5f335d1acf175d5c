#include "base/sha256.hpp"

#include "base/text.hpp"

#include <openssl/evp.h>

#include <array>
#include <stdexcept>

namespace livepatch::base {

std::string sha256(std::span<std::byte const> bytes) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    // Fails only when memory or the provider is missing: nothing that a caller could mend.
    if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1)
        throw std::runtime_error("OpenSSL cannot compute SHA-256");
    return hex(std::as_bytes(std::span(digest).first(size)));
}

std::string sha256(std::string_view text) {
    return sha256(std::as_bytes(std::span(text)));
}

} // namespace livepatch::base
