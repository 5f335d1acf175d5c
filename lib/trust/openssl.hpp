// OpenSSL's objects with owners, and its errors in words. For the .cpp files of this layer.
#pragma once

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace livepatch::trust {

template <auto free>
struct FreeWith {
    template <class T>
    void operator()(T* object) const {
        free(object);
    }
};

using BioPtr = std::unique_ptr<BIO, FreeWith<::BIO_free_all>>;
using CmsPtr = std::unique_ptr<CMS_ContentInfo, FreeWith<::CMS_ContentInfo_free>>;
using DigestContextPtr = std::unique_ptr<EVP_MD_CTX, FreeWith<::EVP_MD_CTX_free>>;
using KeyContextPtr = std::unique_ptr<EVP_PKEY_CTX, FreeWith<::EVP_PKEY_CTX_free>>;
using X509Ptr = std::unique_ptr<X509, FreeWith<::X509_free>>;

// The reasons in this thread's error queue, oldest first, and empties it. "" when there are none.
std::string take_reasons();

// "CAUSE (OpenSSL: REASONS)", or the cause alone.
std::string with_reasons(std::string const& cause);

// One line, as `openssl -nameopt RFC2253` has it, but with UTF-8 as it is.
std::string text_of(X509_NAME const* name);

} // namespace livepatch::trust
