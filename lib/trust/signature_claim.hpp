// What a module's signature says of itself, which anybody can write: for people, and for refusing
// what no host would take.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace livepatch::trust {

struct SignatureClaim {
    std::string signer; // "issuer 'CN=…', serial 0x…" or "key id …"; several with commas between
    std::string digest; // "sha256"
};

// The rules of verify_module_signature as far as they need no certificate.
base::Result<SignatureClaim>
read_signature_claim(std::span<std::byte const> file, std::string_view subject);

} // namespace livepatch::trust
