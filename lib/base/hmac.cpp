#include "base/hmac.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <stdexcept>

namespace livepatch::base {

std::array<std::byte, 32> hmac_sha256(std::string_view key, std::string_view text) {
    std::array<std::byte, 32> digest{};
    unsigned size = digest.size();
    // NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast): characters as bytes
    auto const* bytes = HMAC(
        EVP_sha256(),
        key.data(),
        static_cast<int>(key.size()),
        reinterpret_cast<unsigned char const*>(text.data()),
        text.size(),
        reinterpret_cast<unsigned char*>(digest.data()),
        &size
    );
    // NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)
    // Fails only when memory or the provider is missing: nothing that a caller could mend.
    if (bytes == nullptr || size != digest.size())
        throw std::runtime_error("OpenSSL cannot compute HMAC-SHA256");
    return digest;
}

} // namespace livepatch::base
