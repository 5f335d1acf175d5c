#include "trust/signer_info.hpp"

#include "base/text.hpp"
#include "trust/openssl.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

namespace livepatch::trust {

namespace {

constexpr int least_rsa_bits = 2048;

std::span<std::byte const> bytes_of(ASN1_STRING const* string) {
    return std::as_bytes(std::span(
        ::ASN1_STRING_get0_data(string), static_cast<std::size_t>(::ASN1_STRING_length(string))
    ));
}

// What a signer says it used.
struct Algorithms {
    int digest = NID_undef;
    int signature = NID_undef;
};

Algorithms algorithms_of(CMS_SignerInfo* signer) {
    X509_ALGOR* digest = nullptr;
    X509_ALGOR* signature = nullptr;
    ::CMS_SignerInfo_get0_algs(signer, nullptr, nullptr, &digest, &signature);
    return {
        .digest = ::OBJ_obj2nid(digest->algorithm),
        .signature = ::OBJ_obj2nid(signature->algorithm)};
}

std::string name_of_algorithm(int nid) {
    auto const* name = ::OBJ_nid2ln(nid);
    return name == nullptr || nid == NID_undef ? "an unknown algorithm" : name;
}

// The kernel knows rsaEncryption and the ECDSA forms; tools for HSMs also write the RSA form that
// repeats the digest. No RSA-PSS: the kernel has none for modules.
struct Scheme {
    int signature;
    int digest; // NID_undef: any
    std::string_view key_type;
};

constexpr std::array schemes{
    Scheme{NID_rsaEncryption, NID_undef, "RSA"},
    Scheme{NID_sha256WithRSAEncryption, NID_sha256, "RSA"},
    Scheme{NID_sha384WithRSAEncryption, NID_sha384, "RSA"},
    Scheme{NID_sha512WithRSAEncryption, NID_sha512, "RSA"},
    Scheme{NID_ecdsa_with_SHA256, NID_sha256, "EC"},
    Scheme{NID_ecdsa_with_SHA384, NID_sha384, "EC"},
    Scheme{NID_ecdsa_with_SHA512, NID_sha512, "EC"},
};

base::Result<Scheme> scheme_of(Algorithms algorithms) {
    auto const digest = algorithms.digest;
    if (digest != NID_sha256 && digest != NID_sha384 && digest != NID_sha512) {
        return signature_refusal(
            "signed with the digest " + name_of_algorithm(digest), "sign with sha256"
        );
    }
    for (auto const& scheme : schemes)
        if (scheme.signature == algorithms.signature &&
            (scheme.digest == NID_undef || scheme.digest == digest))
            return scheme;
    return signature_refusal(
        "signed with " + name_of_algorithm(algorithms.signature) + " over " +
        name_of_algorithm(digest)
    );
}

base::Result<Scheme> acceptable_scheme(CMS_SignerInfo* signer) {
    // -1 is "no such field"; an empty set of attributes would still change what is signed.
    if (::CMS_signed_get_attr_count(signer) != -1)
        return signature_refusal(
            "the signature has signed attributes, which the kernel refuses for modules",
            "sign with the kernel's sign-file, or openssl cms -noattr"
        );
    return scheme_of(algorithms_of(signer));
}

base::Result<void> check_key(EVP_PKEY* key, std::string_view wanted) {
    if (::EVP_PKEY_is_a(key, std::string(wanted).c_str()) != 1)
        return signature_refusal("the signer's key is not of the type of the signature");
    if (wanted == "RSA") {
        auto const bits = ::EVP_PKEY_get_bits(key);
        if (bits < least_rsa_bits)
            return signature_refusal(
                "the signer's RSA key has " + std::to_string(bits) + " bits, fewer than 2048",
                "sign with a stronger key"
            );
        return {};
    }
    std::array<char, 64> curve{};
    ::EVP_PKEY_get_group_name(key, curve.data(), curve.size(), nullptr);
    std::string_view const name = curve.data();
    if (name != SN_X9_62_prime256v1 && name != SN_secp384r1)
        return signature_refusal(
            "the signer's key is on the curve '" + std::string(name) + "', not P-256 or P-384"
        );
    return {};
}

base::Result<std::vector<unsigned char>> hash(SignedContent const& content, int digest) {
    if (digest == NID_sha256 && !content.sha256.empty())
        return std::vector<unsigned char>(content.sha256.begin(), content.sha256.end());
    std::vector<unsigned char> out(EVP_MAX_MD_SIZE);
    unsigned int size = 0;
    auto const* const algorithm = ::EVP_get_digestbynid(digest);
    if (::EVP_Digest(
            content.bytes.data(), content.bytes.size(), out.data(), &size, algorithm, nullptr
        ) != 1)
        return signature_refusal(with_reasons("cannot hash the module"));
    out.resize(size);
    return out;
}

// "issuer NAME, serial 0xHEX" or "key id HEX": how the signature names its signer.
std::string identity_of(CMS_SignerInfo* signer) {
    ASN1_OCTET_STRING* key_id = nullptr;
    X509_NAME* issuer = nullptr;
    ASN1_INTEGER* serial = nullptr;
    ::CMS_SignerInfo_get0_signer_id(signer, &key_id, &issuer, &serial);
    if (key_id != nullptr)
        return "key id " + base::hex(bytes_of(key_id));
    if (serial == nullptr)
        return "an unnamed signer";
    return "issuer '" + text_of(issuer) + "', serial 0x" + base::hex(bytes_of(serial));
}

base::Error unknown_signer(CMS_SignerInfo* signer, Keyring::Certificates const& keys) {
    auto const place = keys.directory.empty() ? std::string("the directory of trusted module keys")
                                              : keys.directory.string();
    auto cause = "signed by an unknown key (" + identity_of(signer) + ")";
    if (keys.trusted.empty())
        cause += "; no key is trusted at all";
    return signature_refusal(
        std::move(cause), "if you trust it, put the signer's certificate into " + place
    );
}

std::string common_name(X509* certificate) {
    auto const* const subject = ::X509_get_subject_name(certificate);
    auto const at = ::X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    auto const* const entry = at < 0 ? nullptr : ::X509_NAME_get_entry(subject, at);
    unsigned char* text = nullptr;
    auto const size =
        entry == nullptr ? -1 : ::ASN1_STRING_to_UTF8(&text, ::X509_NAME_ENTRY_get_data(entry));
    if (size <= 0) {
        ::OPENSSL_free(text);
        return text_of(subject);
    }
    std::string const name(text, text + size);
    ::OPENSSL_free(text);
    return base::escaped(name);
}

std::string name_for_people(X509* certificate) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> fingerprint{};
    unsigned int size = 0;
    ::X509_digest(certificate, ::EVP_sha256(), fingerprint.data(), &size);
    return common_name(certificate) +
           " (sha256:" + base::hex(std::as_bytes(std::span(fingerprint).first(size))) + ")";
}

struct Signature {
    std::span<std::byte const> bytes;
    Algorithms algorithms;
    Scheme scheme;
    std::vector<unsigned char> digest; // of the content
};

bool matches(EVP_PKEY* key, Signature const& signature) {
    KeyContextPtr const context(::EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
    if (!context || ::EVP_PKEY_verify_init(context.get()) != 1)
        return false;
    bool const is_rsa = signature.scheme.key_type == "RSA";
    if (is_rsa && ::EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) != 1)
        return false;
    auto const* const algorithm = ::EVP_get_digestbynid(signature.algorithms.digest);
    if (::EVP_PKEY_CTX_set_signature_md(context.get(), algorithm) != 1)
        return false;
    auto const* const start =
        reinterpret_cast<unsigned char const*>(signature.bytes.data()); // NOLINT
    return ::EVP_PKEY_verify(
               context.get(),
               start,
               signature.bytes.size(),
               signature.digest.data(),
               signature.digest.size()
           ) == 1;
}

base::Result<std::string> verify_with(X509* certificate, Signature const& signature) {
    auto* const key = ::X509_get0_pubkey(certificate);
    if (auto good = check_key(key, signature.scheme.key_type); !good)
        return good.error();
    if (matches(key, signature))
        return name_for_people(certificate);
    return signature_refusal(with_reasons(
        "the signature does not match: the module was changed after it was signed by " +
        name_for_people(certificate)
    ));
}

std::vector<X509*> trusted_certificates(CMS_SignerInfo* signer, Keyring::Certificates const& keys) {
    std::vector<X509*> found;
    for (auto const& certificate : keys.trusted)
        if (::CMS_SignerInfo_cert_cmp(signer, certificate.get()) == 0)
            found.push_back(certificate.get());
    return found;
}

std::string entry_of(X509_NAME const* name, int nid) {
    auto const at = ::X509_NAME_get_index_by_NID(name, nid, -1);
    if (at < 0)
        return {};
    auto const bytes = bytes_of(::X509_NAME_ENTRY_get_data(::X509_NAME_get_entry(name, at)));
    std::string text(bytes.size(), '\0');
    std::transform(bytes.begin(), bytes.end(), text.begin(), [](std::byte byte) {
        return static_cast<char>(byte);
    });
    return text;
}

// The organisation before the common name, unless that repeats it.
std::string kernels_name(X509_NAME const* name) {
    constexpr std::size_t significant = 7;
    auto const common = entry_of(name, NID_commonName);
    auto const organisation = entry_of(name, NID_organizationName);
    if (common.empty())
        return organisation.empty() ? entry_of(name, NID_pkcs9_emailAddress) : organisation;
    bool const repeats = common.starts_with(organisation) ||
                         (common.size() >= significant && organisation.size() >= significant &&
                          common.compare(0, significant, organisation, 0, significant) == 0);
    return repeats ? common : organisation + ": " + common;
}

} // namespace

SignerName name_signer(CMS_SignerInfo* signer, Keyring::Certificates const& keys) {
    ASN1_OCTET_STRING* key_id = nullptr;
    X509_NAME* issuer = nullptr;
    ASN1_INTEGER* serial = nullptr;
    ::CMS_SignerInfo_get0_signer_id(signer, &key_id, &issuer, &serial);
    SignerName name;
    if (key_id != nullptr)
        name.key_id = base::hex(bytes_of(key_id));
    if (issuer != nullptr)
        name.issuer = kernels_name(issuer);
    if (serial != nullptr)
        name.serial = base::hex(bytes_of(serial));
    auto const certificates = trusted_certificates(signer, keys);
    if (certificates.empty())
        return name;
    name.trusted = true;
    if (auto const* own = ::X509_get0_subject_key_id(certificates.front()))
        name.key_id = base::hex(bytes_of(own));
    return name;
}

base::Error signature_refusal(std::string cause, std::string remedy) {
    return {
        .code = base::Errc::verification_failed,
        .subject = {},
        .cause = std::move(cause),
        .remedy = std::move(remedy),
    };
}

base::Result<SignerClaim> read_signer(CMS_SignerInfo* signer) {
    auto const scheme = acceptable_scheme(signer);
    if (!scheme)
        return scheme.error();
    return SignerClaim{
        .identity = identity_of(signer), .digest = ::OBJ_nid2sn(algorithms_of(signer).digest)};
}

base::Result<std::string> verify_signer(
    CMS_SignerInfo* signer, SignedContent const& content, Keyring::Certificates const& keys
) {
    auto const algorithms = algorithms_of(signer);
    auto const scheme = acceptable_scheme(signer);
    if (!scheme)
        return scheme.error();
    auto const certificates = trusted_certificates(signer, keys);
    if (certificates.empty())
        return unknown_signer(signer, keys);
    auto digest = hash(content, algorithms.digest);
    if (!digest)
        return digest.error();
    Signature const signature{
        .bytes = bytes_of(::CMS_SignerInfo_get0_signature(signer)),
        .algorithms = algorithms,
        .scheme = *scheme,
        .digest = std::move(*digest)};
    // Several certificates can bear one name: a key that was made anew. Any of them will do.
    auto verified = verify_with(certificates.front(), signature);
    for (std::size_t i = 1; !verified && i < certificates.size(); ++i)
        verified = verify_with(certificates[i], signature);
    return verified;
}

} // namespace livepatch::trust
