#include "support/catch.hpp"
#include "support/module_signer.hpp"
#include "support/temporary_directory.hpp"
#include "trust/module_signature.hpp"

#include <thread>

using namespace livepatch;
using support::SigningKey;
using support::SignOptions;
using trust::Keyring;

namespace {

std::string const body = "the content of a module";

SigningKey const& rsa() {
    static auto const key = SigningKey::rsa(2048);
    return key;
}

SigningKey const& ec() {
    static auto const key = SigningKey::ec("P-256");
    return key;
}

Keyring keyring(std::vector<SigningKey const*> const& keys) {
    support::TemporaryDirectory const directory;
    for (auto const* key : keys)
        directory.write(std::to_string(keys.size()) + ".pem", key->certificate_pem());
    std::string all;
    for (auto const* key : keys)
        all += key->certificate_pem();
    directory.write("all.pem", all);
    auto loaded = Keyring::load(directory.path());
    REQUIRE(loaded.problems().empty());
    return loaded;
}

base::Result<std::string> verify(std::string const& file, Keyring const& keys) {
    return trust::verify_module_signature(std::as_bytes(std::span(file)), keys, "x.ko");
}

base::Error refusal_of(std::string const& file, Keyring const& keys) {
    auto const signer = verify(file, keys);
    REQUIRE(signer.has_error());
    CHECK(signer.error().code == base::Errc::verification_failed);
    CHECK(signer.error().subject == "x.ko");
    CHECK(ERR_peek_error() == 0);
    return signer.error();
}

std::string cause_of(std::string const& file, Keyring const& keys) {
    return refusal_of(file, keys).cause;
}

} // namespace

TEST_CASE("a good signature names its signer") {
    auto const signer = verify(support::sign_module(body, rsa()), keyring({&rsa()}));
    REQUIRE(signer);
    CHECK(signer->starts_with("RSA signer (sha256:"));
    CHECK(signer->size() == std::string("RSA signer (sha256:)").size() + 64);
}

TEST_CASE("the key of the fuzzers' seeds signs, too") {
    auto const key = SigningKey::fixed();
    CHECK(verify(support::sign_module(body, key), keyring({&key})));
}

TEST_CASE("RSA and EC keys, all digests, both ways to name the signer") {
    auto const big = SigningKey::rsa(3072);
    auto const p384 = SigningKey::ec("P-384");
    for (auto const* key :
         {&rsa(),
          static_cast<SigningKey const*>(&big),
          &ec(),
          static_cast<SigningKey const*>(&p384)}) {
        auto const keys = keyring({key});
        for (auto const* digest : {"SHA256", "SHA384", "SHA512"}) {
            for (auto const form : {0U, unsigned{CMS_USE_KEYID}}) {
                SignOptions const options{.digest = digest, .flags = support::kernel_form | form};
                INFO(digest << " " << form);
                CHECK(verify(support::sign_module(body, *key, options), keys));
            }
        }
    }
}

TEST_CASE("a changed module is refused") {
    for (auto const* key : {&rsa(), &ec()}) {
        auto const keys = keyring({key});
        auto const good = support::sign_module(body, *key);
        for (std::size_t i = 0; i < body.size(); ++i) {
            auto changed = good;
            changed[i] = static_cast<char>(changed[i] ^ 1);
            CHECK(cause_of(changed, keys).starts_with("the signature does not match"));
        }
        CHECK(cause_of("x" + good, keys).starts_with("the signature does not match"));
    }
}

TEST_CASE("no single changed byte of the signature verifies as something else") {
    auto const keys = keyring({&ec()});
    auto const good = support::sign_module(body, ec());
    auto const name = verify(good, keys).value();
    for (std::size_t i = body.size(); i < good.size(); ++i) {
        for (unsigned const bit : {1U, 0x80U}) {
            auto changed = good;
            changed[i] = static_cast<char>(static_cast<unsigned char>(changed[i]) ^ bit);
            auto const outcome = verify(changed, keys);
            // What the kernel ignores too may vary: versions and parameters.
            if (outcome)
                CHECK(*outcome == name);
        }
    }
}

TEST_CASE("an unknown signer is named") {
    auto const error = refusal_of(support::sign_module(body, ec()), keyring({&rsa()}));
    CHECK(error.cause == "signed by an unknown key (issuer 'CN=EC signer', serial 0x01234567)");
    CHECK(error.remedy.starts_with("if you trust it, put the signer's certificate into /"));
    SignOptions const by_key{.flags = support::kernel_form | CMS_USE_KEYID};
    CHECK(cause_of(support::sign_module(body, ec(), by_key), keyring({&rsa()}))
              .starts_with("signed by an unknown key (key id "));
    auto const none = refusal_of(support::sign_module(body, ec()), Keyring());
    CHECK(none.cause.ends_with("; no key is trusted at all"));
    CHECK(none.remedy.ends_with("the directory of trusted module keys"));
}

TEST_CASE("a signer's key of another making is refused, of the same name or not") {
    auto const imposter = SigningKey::rsa(2048);
    auto const file = support::sign_module(body, imposter);
    CHECK(cause_of(file, keyring({&rsa()})).starts_with("the signature does not match"));
    // Both certificates bear the same issuer and serial: a key that was made anew.
    CHECK(verify(file, keyring({&rsa(), &imposter})));
    CHECK(verify(file, keyring({&imposter, &rsa()})));
}

TEST_CASE("a certificate inside the signature is not believed") {
    SignOptions const options{.flags = support::kernel_form & ~unsigned{CMS_NOCERTS}};
    auto const file = support::sign_module(body, ec(), options);
    CHECK(cause_of(file, keyring({&rsa()})).starts_with("signed by an unknown key"));
    CHECK(verify(file, keyring({&ec()})));
}

TEST_CASE("dates do not matter, as in the kernel") {
    auto const expired = ec().with_validity(-7200, -3600);
    auto const future = ec().with_validity(3600, 7200);
    CHECK(verify(support::sign_module(body, expired), keyring({&expired})));
    CHECK(verify(support::sign_module(body, future), keyring({&future})));
}

TEST_CASE("signed attributes are refused") {
    SignOptions const options{.flags = support::kernel_form & ~unsigned{CMS_NOATTR}};
    CHECK(
        cause_of(support::sign_module(body, rsa(), options), keyring({&rsa()})) ==
        "the signature has signed attributes, which the kernel refuses for modules"
    );
}

TEST_CASE("weak digests are refused") {
    for (auto const* digest : {"MD5", "SHA1", "SHA224"}) {
        auto const file = support::sign_module(body, rsa(), {.digest = digest});
        INFO(digest);
        CHECK(cause_of(file, keyring({&rsa()})).starts_with("signed with the digest "));
    }
}

TEST_CASE("weak keys and other curves are refused") {
    auto const weak = SigningKey::rsa(1024);
    CHECK(
        cause_of(support::sign_module(body, weak), keyring({&weak})) ==
        "the signer's RSA key has 1024 bits, fewer than 2048"
    );
    auto const odd = SigningKey::ec("secp256k1");
    CHECK(
        cause_of(support::sign_module(body, odd), keyring({&odd})) ==
        "the signer's key is on the curve 'secp256k1', not P-256 or P-384"
    );
}

TEST_CASE("RSA-PSS is refused, which the kernel has not for modules") {
    auto const file = support::sign_module(body, rsa(), {.pss = true});
    CHECK(cause_of(file, keyring({&rsa()})) == "signed with rsassaPss over sha256");
}

TEST_CASE("a key of another type under the same name is refused") {
    auto const namesake = SigningKey::ec("P-256", "RSA signer");
    CHECK(
        cause_of(support::sign_module(body, namesake), keyring({&rsa()})) ==
        "the signer's key is not of the type of the signature"
    );
}

TEST_CASE("a signer without a common name is named by its subject, on one line") {
    auto const plain = SigningKey::ec("P-256", "Example Ltd", "O");
    CHECK(
        verify(support::sign_module(body, plain), keyring({&plain}))->starts_with("O=Example Ltd (")
    );
    auto const evil = SigningKey::ec("P-256", "a\nb\x1b[2J \xe2\x80\xae");
    CHECK(verify(support::sign_module(body, evil), keyring({&evil}))
              ->starts_with("a\\x0ab\\x1b[2J \\xe2\\x80\\xae (sha256:"));
    CHECK(
        cause_of(support::sign_module(body, evil), keyring({&rsa()})).find('\n') ==
        std::string::npos
    );
}

TEST_CASE("data inside the signature is refused") {
    SignOptions const options{.flags = support::kernel_form & ~unsigned{CMS_DETACHED}};
    CHECK(
        cause_of(support::sign_module(body, ec(), options), keyring({&ec()})) ==
        "signature contains data of its own"
    );
}

TEST_CASE("every signer must be known and match") {
    auto const pkcs7 = support::sign_pkcs7(body, {&rsa(), &ec()});
    auto const file = support::append_signature(body, pkcs7);
    auto const both = verify(file, keyring({&rsa(), &ec()}));
    REQUIRE(both);
    CHECK(both->find("RSA signer") != std::string::npos);
    CHECK(both->find("EC signer") != std::string::npos);
    CHECK(cause_of(file, keyring({&rsa()})).starts_with("signed by an unknown key"));
    CHECK(cause_of(file, keyring({&ec()})).starts_with("signed by an unknown key"));
    auto const many = support::sign_pkcs7(body, {&ec(), &ec(), &ec(), &ec(), &ec()});
    CHECK(
        cause_of(support::append_signature(body, many), keyring({&ec()})) ==
        "signature has 5 signers"
    );
    // SignedData {1, no digests, id-data, no signers}
    std::string const none(
        "\x30\x23\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x16\x30\x14\x02\x01\x01\x31\x00"
        "\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01\x31\x00",
        37
    );
    CHECK(
        cause_of(support::append_signature(body, none), keyring({&ec()})) ==
        "signature has no signer"
    );
}

TEST_CASE("the DER must be whole and alone") {
    auto const keys = keyring({&ec()});
    auto const der = support::sign_pkcs7(body, {&ec()});
    CHECK(
        cause_of(support::append_signature(body, der + "x"), keys) ==
        "bytes behind the PKCS#7 signature"
    );
    for (std::size_t const size : {std::size_t{1}, der.size() / 2, der.size() - 1})
        CHECK(cause_of(support::append_signature(body, der.substr(0, size)), keys)
                  .starts_with("signature is no PKCS#7 in DER"));
    CHECK(cause_of(support::append_signature(body, "garbage"), keys)
              .starts_with("signature is no PKCS#7"));
    CHECK(
        cause_of(support::append_signature(body, std::string(70'000, '0')), keys) ==
        "signature of 70000 bytes"
    );
}

TEST_CASE("another kind of CMS message is refused") {
    // ContentInfo {data, OCTET STRING "x"}
    std::string const data =
        "\x30\x10\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01\xa0\x03\x04\x01x";
    CHECK(
        cause_of(support::append_signature(body, data), keyring({&ec()})) ==
        "signature is no PKCS#7 SignedData"
    );
}

TEST_CASE("trailer faults and unsigned files are refused") {
    auto const keys = keyring({&ec()});
    auto const file = support::sign_module(body, ec());
    CHECK(cause_of(body, keys) == "module is not signed");
    CHECK(cause_of(file + "\n", keys) == "module is not signed");
    CHECK(refusal_of(body, keys).remedy == "sign it with the kernel's sign-file, as the last step");
}

TEST_CASE("threads share a keyring") {
    auto const keys = keyring({&rsa(), &ec()});
    auto const file = support::sign_module(body, rsa());
    auto const bad = "x" + file;
    std::vector<std::thread> threads;
    std::atomic<int> good = 0;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            for (int n = 0; n < 25; ++n)
                good += verify(file, keys).has_value() && verify(bad, keys).has_error() ? 1 : 0;
        });
    for (auto& thread : threads)
        thread.join();
    CHECK(good == 100);
}
