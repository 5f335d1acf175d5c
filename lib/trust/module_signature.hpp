// The appended PKCS#7 signature of a module, verified in user space.
//
// The kernel does not do it for us: unless it enforces signatures, it loads a module whose signer
// it does not know, tampered or not (kernel/module/signing.c: module_sig_check).
#pragma once

#include "base/result.hpp"
#include "trust/hashed_module.hpp"
#include "trust/keyring.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace livepatch::trust {

// Verifies by pinned certificates, as the kernel does: no chain, no dates, certificates inside the
// signature ignored. Refused (verification_failed): no or malformed trailer, trailing bytes after
// the DER, not detached SignedData over id-data, signed attributes, a digest other than
// sha256/384/512, RSA below 2048 bits, EC other than P-256/P-384, an unknown signer, a signature
// that does not match. Of several signers each must be known and match. Returns the signer for
// people: the certificate's common name (or subject) and its sha256 fingerprint, "NAME (sha256:…)";
// several with commas between.
base::Result<std::string> verify_module_signature(
    std::span<std::byte const> file, Keyring const& keys, std::string_view subject
);

// The same for a module that is hashed already.
base::Result<std::string>
verify_module_signature(HashedModule const& module, Keyring const& keys, std::string_view subject);

// How a signature names one who made it, for looking him up among keys that are not ours.
struct SignerName {
    // In hexadecimal: the key id of his certificate, from the signature or, when he is one of
    // `keys`, from the certificate; and the certificate's serial number. "" = not known.
    std::string key_id = {};
    std::string serial = {};
    // Who issued the certificate, as the kernel shortens it (crypto/asymmetric_keys/
    // x509_cert_parser.c: x509_fabricate_name). His own name, when he did it himself.
    std::string issuer = {};
    bool trusted = false; // one of `keys`: all above is known
};

// Whoever they are, and whether the signature matches or not; none when the module is not signed.
// An error when the trailer or the signature is malformed.
base::Result<std::vector<SignerName>>
signers_of(std::span<std::byte const> file, Keyring const& keys);

} // namespace livepatch::trust
