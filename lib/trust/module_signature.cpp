#include "trust/module_signature.hpp"

#include "base/text.hpp"
#include "module/appended_signature.hpp"
#include "trust/certificates.hpp"
#include "trust/signature_claim.hpp"
#include "trust/signer_info.hpp"

#include <cctype>
#include <utility>

namespace livepatch::trust {

namespace {

// The kernel's own signatures have some hundred bytes. The limits keep what anybody hands in from
// costing more than it is worth: a signer is a public-key operation.
constexpr std::size_t largest_signature = std::size_t{64} * 1024;
constexpr int most_signers = 4;

base::Result<CmsPtr> parse_pkcs7(std::span<std::byte const> der) {
    if (der.size() > largest_signature)
        return signature_refusal("signature of " + std::to_string(der.size()) + " bytes");
    auto const* const start = reinterpret_cast<unsigned char const*>(der.data()); // NOLINT
    auto const* position = start;
    CmsPtr cms(::d2i_CMS_ContentInfo(nullptr, &position, static_cast<long>(der.size())));
    if (!cms)
        return signature_refusal(with_reasons("signature is no PKCS#7 in DER"));
    if (position != start + der.size())
        return signature_refusal("bytes behind the PKCS#7 signature");
    return cms;
}

base::Result<void> check_form(CMS_ContentInfo* cms) {
    if (::OBJ_obj2nid(::CMS_get0_type(cms)) != NID_pkcs7_signed)
        return signature_refusal("signature is no PKCS#7 SignedData");
    if (::OBJ_obj2nid(::CMS_get0_eContentType(cms)) != NID_pkcs7_data)
        return signature_refusal("signature is not over plain data");
    if (::CMS_is_detached(cms) != 1)
        return signature_refusal("signature contains data of its own");
    auto const count = sk_CMS_SignerInfo_num(::CMS_get0_SignerInfos(cms)); // NOLINT
    if (count <= 0)
        return signature_refusal("signature has no signer");
    if (count > most_signers)
        return signature_refusal("signature has " + std::to_string(count) + " signers");
    return {};
}

base::Result<std::string> verify_signers(
    CMS_ContentInfo* cms, SignedContent const& content, Keyring::Certificates const& keys
) {
    std::string names;
    auto* const signers = ::CMS_get0_SignerInfos(cms);
    for (int i = 0; i < sk_CMS_SignerInfo_num(signers); ++i) {                         // NOLINT
        auto name = verify_signer(sk_CMS_SignerInfo_value(signers, i), content, keys); // NOLINT
        if (!name)
            return name;
        names += (names.empty() ? "" : ", ") + *name;
    }
    return names;
}

// The signature of a file whose form is as it must be.
base::Result<CmsPtr> read_pkcs7(std::span<std::byte const> der) {
    auto cms = parse_pkcs7(der);
    if (!cms)
        return cms;
    if (auto good = check_form(cms->get()); !good)
        return good.error();
    return cms;
}

base::Result<SignatureClaim> read_claim(std::span<std::byte const> file) {
    auto const parts = module::split_signature(file, {});
    if (!parts)
        return parts.error();
    auto const cms = read_pkcs7(parts->pkcs7);
    if (!cms)
        return cms.error();
    SignatureClaim claim;
    auto* const signers = ::CMS_get0_SignerInfos(cms->get());
    for (int i = 0; i < sk_CMS_SignerInfo_num(signers); ++i) {                // NOLINT
        auto const signer = read_signer(sk_CMS_SignerInfo_value(signers, i)); // NOLINT
        if (!signer)
            return signer.error();
        claim.signer += (claim.signer.empty() ? "" : ", ") + signer->identity;
        claim.digest = signer->digest;
    }
    for (auto& c : claim.digest)
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return claim;
}

base::Result<std::string> verify(
    std::span<std::byte const> file,
    std::span<unsigned char const> content_sha256,
    Keyring::Certificates const& keys
) {
    auto const parts = module::split_signature(file, {});
    if (!parts)
        return parts.error();
    auto const cms = read_pkcs7(parts->pkcs7);
    if (!cms)
        return cms.error();
    return verify_signers(cms->get(), {.bytes = parts->content, .sha256 = content_sha256}, keys);
}

base::Result<std::string> verify_named(
    std::span<std::byte const> file,
    std::span<unsigned char const> content_sha256,
    Keyring const& keys,
    std::string_view subject
) {
    ::ERR_clear_error();
    auto signer = verify(file, content_sha256, keys.certificates());
    ::ERR_clear_error(); // what was refused politely may have left reasons behind
    if (signer)
        return signer;
    auto error = std::move(signer).error();
    error.subject = subject;
    return error;
}

base::Result<std::vector<SignerName>>
name_signers(std::span<std::byte const> file, Keyring::Certificates const& keys) {
    auto const parts = module::split_signature(file, {});
    if (!parts)
        return parts.error();
    auto const cms = parse_pkcs7(parts->pkcs7);
    if (!cms)
        return cms.error();
    if (auto good = check_form(cms->get()); !good)
        return good.error();
    std::vector<SignerName> names;
    auto* const signers = ::CMS_get0_SignerInfos(cms->get());
    for (int i = 0; i < sk_CMS_SignerInfo_num(signers); ++i)                     // NOLINT
        names.push_back(name_signer(sk_CMS_SignerInfo_value(signers, i), keys)); // NOLINT
    return names;
}

} // namespace

base::Result<SignatureClaim>
read_signature_claim(std::span<std::byte const> file, std::string_view subject) {
    ::ERR_clear_error();
    auto claim = read_claim(file);
    ::ERR_clear_error();
    if (claim)
        return claim;
    auto error = std::move(claim).error();
    error.subject = subject;
    return error;
}

base::Result<std::vector<SignerName>>
signers_of(std::span<std::byte const> file, Keyring const& keys) {
    if (!module::has_signature_marker(file))
        return std::vector<SignerName>();
    ::ERR_clear_error();
    auto names = name_signers(file, keys.certificates());
    ::ERR_clear_error();
    return names;
}

base::Result<std::string> verify_module_signature(
    std::span<std::byte const> file, Keyring const& keys, std::string_view subject
) {
    return verify_named(file, {}, keys, subject);
}

base::Result<std::string>
verify_module_signature(HashedModule const& module, Keyring const& keys, std::string_view subject) {
    return verify_named(module.bytes(), module.content_sha256(), keys, subject);
}

} // namespace livepatch::trust
