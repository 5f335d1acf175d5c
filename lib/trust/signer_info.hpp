// One signer of a PKCS#7 signature, verified. For the .cpp files of this layer.
#pragma once

#include "base/result.hpp"
#include "trust/certificates.hpp"
#include "trust/module_signature.hpp"

#include <openssl/cms.h>

#include <cstddef>
#include <span>
#include <string>

namespace livepatch::trust {

base::Error signature_refusal(std::string cause, std::string remedy = {});

// What is signed, with its SHA-256 where that is known already.
struct SignedContent {
    std::span<std::byte const> bytes;
    std::span<unsigned char const> sha256;
};

// How it names itself, and its digest ("SHA256"), once the rules hold that need no certificate.
struct SignerClaim {
    std::string identity;
    std::string digest;
};

base::Result<SignerClaim> read_signer(CMS_SignerInfo* signer);

// The rules of verify_module_signature for one signer; returns its name for people.
//
// Not by CMS_verify, which hashes the content once for every algorithm that the signature lists:
// a few bytes in an untrusted file would cost hours. Here the content is hashed once for a signer
// whose certificate is trusted, and the signature is compared as the kernel does it
// (crypto/asymmetric_keys/pkcs7_verify.c: pkcs7_verify_one, without authenticated attributes).
base::Result<std::string> verify_signer(
    CMS_SignerInfo* signer, SignedContent const& content, Keyring::Certificates const& keys
);

// How it names itself, with what is known of it from its certificate.
SignerName name_signer(CMS_SignerInfo* signer, Keyring::Certificates const& keys);

} // namespace livepatch::trust
