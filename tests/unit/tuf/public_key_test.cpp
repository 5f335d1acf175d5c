#include "support/catch.hpp"
#include "support/tuf_key.hpp"
#include "trust/tuf/hex_text.hpp"
#include "trust/tuf/public_key.hpp"

#include <openssl/err.h>

using namespace livepatch;
using support::TufKey;
using trust::tuf::bytes_of_hex;
using trust::tuf::PublicKey;

namespace {

std::optional<PublicKey> read(nlohmann::json const& key) {
    return PublicKey::read(
        key["keytype"].get<std::string>(),
        key["scheme"].get<std::string>(),
        key["keyval"]["public"].get<std::string>()
    );
}

std::optional<PublicKey> read_as(TufKey const& key, char const* type, char const* scheme) {
    auto object = key.object();
    object["keytype"] = type;
    object["scheme"] = scheme;
    return read(object);
}

std::string signature(TufKey const& key, std::string_view message) {
    return *bytes_of_hex(key.sign(message));
}

} // namespace

TEST_CASE("each kind of key verifies what it signed, and nothing else") {
    for (auto const& signer : {TufKey::ed25519(), TufKey::rsa(), TufKey::rsa(3072), TufKey::ec()}) {
        auto const key = read(signer.object());
        REQUIRE(key);
        auto const good = signature(signer, "message");
        CHECK(key->verifies(good, "message"));
        CHECK_FALSE(key->verifies(good, "messagf"));
        CHECK_FALSE(key->verifies(good, ""));
        CHECK_FALSE(key->verifies("", "message"));
        CHECK_FALSE(key->verifies("x", "message"));
        CHECK_FALSE(key->verifies(good + 'x', "message"));
        CHECK_FALSE(key->verifies(good.substr(1), "message"));
        CHECK_FALSE(key->verifies(std::string(good.size(), '\0'), "message"));
        CHECK(ERR_peek_error() == 0);
    }
}

TEST_CASE("older repositories call the type of P-256 keys by the scheme's name") {
    auto const signer = TufKey::ec();
    auto const key = read_as(signer, "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256");
    REQUIRE(key);
    CHECK(key->verifies(signature(signer, "message"), "message"));
}

TEST_CASE("a key of another kind, too weak or damaged is no key") {
    CHECK_FALSE(read(TufKey::rsa(1024).object()));
    CHECK_FALSE(read(TufKey::ec("P-384").object()));
    CHECK_FALSE(read(TufKey::ec("secp256k1").object()));
    CHECK_FALSE(read_as(TufKey::ed25519(), "ed25519", "ed25519ph"));
    CHECK_FALSE(read_as(TufKey::ed25519(), "rsa", "rsassa-pss-sha256"));
    CHECK_FALSE(read_as(TufKey::rsa(), "ecdsa", "ecdsa-sha2-nistp256"));
    CHECK_FALSE(read_as(TufKey::ec(), "rsa", "rsassa-pss-sha256"));
    CHECK_FALSE(read_as(TufKey::rsa(), "rsa", "rsa-pkcs1v15-sha256"));
    CHECK_FALSE(PublicKey::read("ed25519", "ed25519", ""));
    CHECK_FALSE(PublicKey::read("ed25519", "ed25519", "00"));
    CHECK_FALSE(PublicKey::read("ed25519", "ed25519", std::string(64, 'g')));
    CHECK_FALSE(PublicKey::read("rsa", "rsassa-pss-sha256", "no PEM"));
    auto const pem = TufKey::rsa().pem();
    CHECK_FALSE(PublicKey::read("rsa", "rsassa-pss-sha256", pem.substr(0, pem.size() / 2)));
    CHECK(ERR_peek_error() == 0);
}

// OpenSSL would ask for it at the terminal, and a daemon hang or a fetcher wait for ever.
TEST_CASE("a key that says it needs a passphrase is no key, and nobody is asked") {
    constexpr auto encrypted = "-----BEGIN PUBLIC KEY-----\n"
                               "Proc-Type: 4,ENCRYPTED\n"
                               "DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n"
                               "\n"
                               "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
                               "-----END PUBLIC KEY-----\n";
    CHECK_FALSE(PublicKey::read("rsa", "rsassa-pss-sha256", encrypted));
}

TEST_CASE("a key is the same however it is written") {
    auto const ed25519 = TufKey::ed25519();
    auto upper = ed25519.object();
    for (auto& c : upper["keyval"]["public"].get_ref<std::string&>())
        c = static_cast<char>(std::toupper(c));
    CHECK(read(ed25519.object())->identity() == read(upper)->identity());
    auto const ec = TufKey::ec();
    CHECK(
        read(ec.object())->identity() ==
        read_as(ec, "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256")->identity()
    );
    auto const rsa = TufKey::rsa();
    auto framed = rsa.object();
    framed["keyval"]["public"] = "a comment\n" + rsa.pem() + "\n\n";
    CHECK(read(rsa.object())->identity() == read(framed)->identity());
    CHECK(read(rsa.object())->identity() != read(TufKey::rsa().object())->identity());
    CHECK(read(ec.object())->identity() != read(TufKey::ec().object())->identity());
}

TEST_CASE("hex is hex") {
    CHECK(bytes_of_hex("") == "");
    CHECK(bytes_of_hex("00aBfF") == std::string("\0\xab\xff", 3));
    for (auto const* wrong : {"0", "0g", "0x", " 0", "0 ", "-1", "abc"})
        CHECK_FALSE(bytes_of_hex(wrong));
}
