#include "seeds.hpp"
#include "support/module_signer.hpp"

using namespace livepatch;

void fuzz::write_seeds(Seeds const& seeds) {
    auto const key = support::SigningKey::fixed();
    auto const other = support::SigningKey::ec("P-384");
    auto const form = support::kernel_form;
    auto const sign = [&](support::SignOptions const& options) {
        return support::sign_pkcs7("content", {&key}, options);
    };
    seeds.add("good", sign({}));
    seeds.add("key-id", sign({.flags = form | CMS_USE_KEYID}));
    seeds.add("sha512", sign({.digest = "SHA512"}));
    seeds.add("sha1", sign({.digest = "SHA1"}));
    seeds.add("attributes", sign({.flags = form & ~unsigned{CMS_NOATTR}}));
    seeds.add("certificate", sign({.flags = form & ~unsigned{CMS_NOCERTS}}));
    seeds.add("attached", sign({.flags = form & ~unsigned{CMS_DETACHED}}));
    seeds.add("unknown", support::sign_pkcs7("content", {&other}));
    seeds.add("two", support::sign_pkcs7("content", {&key, &key}));
    seeds.add("file", support::sign_module("content", key));
}
