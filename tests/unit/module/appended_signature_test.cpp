#include "module/appended_signature.hpp"
#include "support/catch.hpp"
#include "support/module_signer.hpp"

using namespace livepatch;
using module::has_signature_marker;
using module::split_signature;

namespace {

std::span<std::byte const> bytes(std::string const& text) {
    return std::as_bytes(std::span(text));
}

std::string text(std::span<std::byte const> bytes) {
    return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

std::string refusal_of(std::string const& file) {
    auto const parts = split_signature(bytes(file), "x.ko");
    REQUIRE(parts.has_error());
    CHECK(parts.error().code == base::Errc::verification_failed);
    CHECK(parts.error().subject == "x.ko");
    return parts.error().cause;
}

std::string file_with(std::string const& trailer) {
    return "content" + std::string("sig") + trailer + std::string(support::signature_marker);
}

} // namespace

TEST_CASE("a signed file is split into content and signature") {
    auto const file = support::append_signature("content", "DER");
    auto const parts = split_signature(bytes(file), "x.ko");
    REQUIRE(parts);
    CHECK(text(parts->content) == "content");
    CHECK(text(parts->pkcs7) == "DER");
    CHECK(has_signature_marker(bytes(file)));
}

TEST_CASE("a file without the marker at its very end is not signed") {
    auto const file = support::append_signature("content", "DER");
    CHECK(refusal_of("") == "module is not signed");
    CHECK(refusal_of("content") == "module is not signed");
    CHECK(refusal_of(file + "x") == "module is not signed");
    CHECK(refusal_of(file.substr(0, file.size() - 1)) == "module is not signed");
    CHECK_FALSE(has_signature_marker(bytes(file + "x")));
}

TEST_CASE("every byte of the trailer but type and length must be zero") {
    for (std::size_t i = 0; i < 8; ++i) {
        auto trailer = support::signature_trailer(3);
        trailer[i] = static_cast<char>(trailer[i] + 1);
        INFO("byte " << i);
        CHECK(
            refusal_of(file_with(trailer)) == "malformed module signature: not of the type PKCS#7"
        );
    }
}

TEST_CASE("the signature's length leaves something that is signed") {
    CHECK(split_signature(bytes(file_with(support::signature_trailer(9))), "x.ko"));
    for (std::size_t const length : {0UL, 10UL, 11UL, 0x7fffffffUL, 0xffffffffUL}) {
        INFO("length " << length);
        CHECK(
            refusal_of(file_with(support::signature_trailer(length))) ==
            "malformed module signature: impossible length"
        );
    }
}

TEST_CASE("a trailer that is cut off is refused") {
    std::string const marker(support::signature_marker);
    CHECK(refusal_of(marker) == "malformed module signature: cut off");
    CHECK(refusal_of("12345678901" + marker) == "malformed module signature: cut off");
    CHECK(
        refusal_of(support::signature_trailer(1) + marker) ==
        "malformed module signature: impossible length"
    );
}
