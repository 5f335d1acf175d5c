// Keys, certificates and appended module signatures, made while the test runs.
#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/cms.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace livepatch::support {

inline void must(bool good, char const* what) {
    if (!good)
        throw std::runtime_error(std::string("OpenSSL in a test: ") + what);
}

inline std::string content_of(BIO* memory) {
    char* data = nullptr;
    auto const size = BIO_get_mem_data(memory, &data);
    return {data, static_cast<std::size_t>(size)};
}

// A private key with a certificate of its own, as scripts/sign-file wants them.
class SigningKey {
public:
    static SigningKey rsa(int bits, std::string const& name = "RSA signer") {
        return {EVP_RSA_gen(static_cast<unsigned>(bits)), name};
    }

    // `field`: the part of the certificate's subject that holds the name.
    static SigningKey
    ec(char const* curve, std::string const& name = "EC signer", char const* field = "CN") {
        return {EVP_EC_gen(curve), name, field};
    }

    // The same P-256 key in every run; the private number is 1, so the public point is the curve's
    // generator.
    static SigningKey fixed() {
        constexpr unsigned char generator[] =
            "\x04\x6b\x17\xd1\xf2\xe1\x2c\x42\x47\xf8\xbc\xe6\xe5\x63\xa4\x40\xf2\x77\x03\x7d\x81"
            "\x2d"
            "\xeb\x33\xa0\xf4\xa1\x39\x45\xd8\x98\xc2\x96\x4f\xe3\x42\xe2\xfe\x1a\x7f\x9b\x8e\xe7"
            "\xeb"
            "\x4a\x7c\x0f\x9e\x16\x2b\xce\x33\x57\x6b\x31\x5e\xce\xcb\xb6\x40\x68\x37\xbf\x51\xf5";
        std::unique_ptr<OSSL_PARAM_BLD, decltype(&OSSL_PARAM_BLD_free)> const builder(
            OSSL_PARAM_BLD_new(), OSSL_PARAM_BLD_free
        );
        OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0);
        OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, generator, 65);
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, BN_value_one());
        std::unique_ptr<OSSL_PARAM, decltype(&OSSL_PARAM_free)> const parameters(
            OSSL_PARAM_BLD_to_param(builder.get()), OSSL_PARAM_free
        );
        std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> const context(
            EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr), EVP_PKEY_CTX_free
        );
        EVP_PKEY* key = nullptr;
        must(
            EVP_PKEY_fromdata_init(context.get()) == 1 &&
                EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, parameters.get()) == 1,
            "make the fixed key"
        );
        return {key, "fixed"};
    }

    EVP_PKEY* key() const { return key_.get(); }

    X509* certificate() const { return certificate_.get(); }

    std::string certificate_pem() const {
        std::unique_ptr<BIO, decltype(&BIO_free)> const out(BIO_new(BIO_s_mem()), BIO_free);
        must(PEM_write_bio_X509(out.get(), certificate()) == 1, "write certificate");
        return content_of(out.get());
    }

    std::string certificate_der() const {
        std::unique_ptr<BIO, decltype(&BIO_free)> const out(BIO_new(BIO_s_mem()), BIO_free);
        must(i2d_X509_bio(out.get(), certificate()) == 1, "write certificate");
        return content_of(out.get());
    }

    std::string private_key_pem() const {
        std::unique_ptr<BIO, decltype(&BIO_free)> const out(BIO_new(BIO_s_mem()), BIO_free);
        must(
            PEM_write_bio_PrivateKey(out.get(), key(), nullptr, nullptr, 0, nullptr, nullptr) == 1,
            "write key"
        );
        return content_of(out.get());
    }

    // The same key and name in a certificate that was valid once; seconds from now.
    SigningKey with_validity(long from, long until) const {
        EVP_PKEY_up_ref(key());
        return {key(), name_, "CN", from, until};
    }

private:
    SigningKey(
        EVP_PKEY* key,
        std::string name,
        char const* field = "CN",
        long from = -60,
        long until = 3600
    )
        : key_(key, EVP_PKEY_free),
          certificate_(X509_new(), X509_free),
          name_(std::move(name)) {
        must(key != nullptr, "make key");
        auto* const subject = X509_get_subject_name(certificate());
        X509_set_version(certificate(), X509_VERSION_3);
        ASN1_INTEGER_set(X509_get_serialNumber(certificate()), 0x1234567);
        X509_gmtime_adj(X509_getm_notBefore(certificate()), from);
        X509_gmtime_adj(X509_getm_notAfter(certificate()), until);
        X509_NAME_add_entry_by_txt(
            subject,
            field,
            MBSTRING_UTF8,
            reinterpret_cast<unsigned char const*>(name_.c_str()),
            -1,
            -1,
            0
        );
        X509_set_issuer_name(certificate(), subject);
        X509_set_pubkey(certificate(), key);
        add_extension(NID_basic_constraints, "critical,CA:FALSE");
        add_extension(NID_subject_key_identifier, "hash");
        must(X509_sign(certificate(), key, EVP_sha256()) > 0, "sign certificate");
    }

    void add_extension(int nid, char const* value) {
        X509V3_CTX context;
        X509V3_set_ctx(&context, certificate(), certificate(), nullptr, nullptr, 0);
        auto* const extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
        must(extension != nullptr, "make extension");
        X509_add_ext(certificate(), extension, -1);
        X509_EXTENSION_free(extension);
    }

    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
    std::unique_ptr<X509, decltype(&X509_free)> certificate_;
    std::string name_;
};

// What scripts/sign-file does.
inline constexpr unsigned kernel_form =
    CMS_NOCERTS | CMS_BINARY | CMS_DETACHED | CMS_NOATTR | CMS_NOSMIMECAP;

struct SignOptions {
    char const* digest = "SHA256";
    unsigned flags = kernel_form;
    bool pss = false; // RSA-PSS in place of PKCS#1 1.5
};

// The PKCS#7 signature in DER.
inline std::string sign_pkcs7(
    std::string_view content,
    std::vector<SigningKey const*> const& keys,
    SignOptions const& options = {}
) {
    std::unique_ptr<BIO, decltype(&BIO_free)> const data(
        BIO_new_mem_buf(content.data(), static_cast<int>(content.size())), BIO_free
    );
    auto const flags = options.flags | CMS_PARTIAL;
    std::unique_ptr<CMS_ContentInfo, decltype(&CMS_ContentInfo_free)> const cms(
        CMS_sign(nullptr, nullptr, nullptr, data.get(), flags), CMS_ContentInfo_free
    );
    must(cms != nullptr, "CMS_sign");
    auto const* const digest = EVP_get_digestbyname(options.digest);
    for (auto const* key : keys) {
        auto const form = flags | (options.pss ? unsigned{CMS_KEY_PARAM} : 0U);
        auto* const signer =
            CMS_add1_signer(cms.get(), key->certificate(), key->key(), digest, form);
        must(signer != nullptr, "CMS_add1_signer");
        if (options.pss)
            EVP_PKEY_CTX_set_rsa_padding(
                CMS_SignerInfo_get0_pkey_ctx(signer), RSA_PKCS1_PSS_PADDING
            );
    }
    must(CMS_final(cms.get(), data.get(), nullptr, flags) == 1, "CMS_final");
    std::unique_ptr<BIO, decltype(&BIO_free)> const out(BIO_new(BIO_s_mem()), BIO_free);
    must(i2d_CMS_bio(out.get(), cms.get()) == 1, "i2d_CMS");
    return content_of(out.get());
}

inline constexpr std::string_view signature_marker = "~Module signature appended~\n";

// struct module_signature for a signature of that length.
inline std::string signature_trailer(std::size_t length) {
    std::string trailer(12, '\0');
    trailer[2] = 2;
    for (unsigned i = 0; i < 4; ++i)
        trailer[8 + i] = static_cast<char>((length >> (24 - 8 * i)) & 0xff);
    return trailer;
}

inline std::string append_signature(std::string_view content, std::string_view pkcs7) {
    return std::string(content) + std::string(pkcs7) + signature_trailer(pkcs7.size()) +
           std::string(signature_marker);
}

inline std::string
sign_module(std::string_view content, SigningKey const& key, SignOptions const& options = {}) {
    return append_signature(content, sign_pkcs7(content, {&key}, options));
}

} // namespace livepatch::support
