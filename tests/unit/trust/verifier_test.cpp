#include "base/sha256.hpp"
#include "base/text.hpp"
#include "support/catch.hpp"
#include "support/compressor.hpp"
#include "support/elf_builder.hpp"
#include "support/module_signer.hpp"
#include "support/temporary_directory.hpp"
#include "trust/verifier.hpp"

#include <fcntl.h>

using namespace livepatch;
using trust::Candidate;
using trust::Verifier;

namespace {

support::SigningKey const& key() {
    static auto const made = support::SigningKey::ec("P-256");
    return made;
}

base::Result<Candidate> candidate(std::string const& file) {
    support::TemporaryDirectory const directory;
    base::UniqueFd const fd(::open(directory.write("x.ko", file).c_str(), O_RDONLY | O_CLOEXEC));
    return Candidate::read(fd.get(), "x.ko");
}

Verifier verifier(std::string release = "6.1.0-test") {
    support::TemporaryDirectory const directory;
    directory.write("key.pem", key().certificate_pem());
    return {trust::Keyring::load(directory.path()), std::move(release)};
}

std::string signed_module() {
    return support::sign_module(support::livepatch_file(), key());
}

} // namespace

TEST_CASE("a candidate is read, unpacked, parsed and hashed") {
    auto const file = signed_module();
    auto const plain = candidate(file);
    REQUIRE(plain);
    CHECK(plain->subject() == "x.ko");
    CHECK(plain->module().name == "lp_test");
    CHECK(plain->file().bytes().size() == file.size());
    CHECK(plain->sha256().size() == 64);
    auto const packed = candidate(support::zstd(file));
    REQUIRE(packed);
    CHECK(packed->sha256() == plain->sha256());
}

TEST_CASE("what cannot be unpacked or parsed is no candidate") {
    CHECK(candidate("").error().cause == "empty file");
    auto const text = candidate("text");
    REQUIRE(text.has_error());
    CHECK(text.error().code == base::Errc::verification_failed);
    CHECK(text.error().subject == "x.ko");
}

TEST_CASE("a module is hashed as a whole and up to its signature") {
    auto const sha256_of = [](std::string_view text) { return base::sha256(text); };
    auto const plain = support::livepatch_file();
    auto const file = signed_module();
    trust::HashedModule const both(std::as_bytes(std::span(file)));
    CHECK(both.sha256() == sha256_of(file));
    CHECK(base::hex(std::as_bytes(both.content_sha256())) == sha256_of(plain));
    trust::HashedModule const one(std::as_bytes(std::span(plain)));
    CHECK(one.sha256() == sha256_of(plain));
    CHECK(one.content_sha256().empty());
    CHECK(trust::HashedModule({}).sha256() == sha256_of(""));
}

TEST_CASE("other digests than the one that is known verify too") {
    auto const file = support::sign_module(support::livepatch_file(), key(), {.digest = "SHA512"});
    CHECK(verifier().check(candidate(file).value()));
    auto changed = file;
    changed[changed.find("license=GPL") + 8] = 'X';
    CHECK(verifier().check(candidate(changed).value()).has_error());
}

TEST_CASE("a good candidate becomes a verified patch with the same bytes") {
    auto const file = signed_module();
    auto read = candidate(support::xz(file)).value();
    auto const sha256 = read.sha256();
    CHECK(verifier().check(read).value().starts_with("EC signer (sha256:"));
    auto const patch = verifier().verify(std::move(read));
    REQUIRE(patch);
    CHECK(patch->name() == "lp_test");
    CHECK(patch->sha256() == sha256);
    CHECK(patch->signer().starts_with("EC signer"));
    CHECK(patch->file().bytes().size() == file.size());
    CHECK(patch->module().release == "6.1.0-test");
}

TEST_CASE("a module for another kernel is refused, signed or not") {
    auto const other = verifier("6.1.0-other");
    for (auto const& file : {signed_module(), support::livepatch_file()}) {
        auto const checked = other.check(candidate(file).value());
        REQUIRE(checked.has_error());
        CHECK(checked.error().code == base::Errc::wrong_kernel);
        CHECK(checked.error().cause == "built for the kernel 6.1.0-test, running is 6.1.0-other");
    }
}

TEST_CASE("a module that is not signed, or changed afterwards, is refused") {
    auto changed = signed_module();
    changed[changed.find("license=GPL") + 8] = 'X';
    for (auto const& file : {support::livepatch_file(), changed}) {
        auto const verified = verifier().verify(candidate(file).value());
        REQUIRE(verified.has_error());
        CHECK(verified.error().code == base::Errc::verification_failed);
        CHECK(verified.error().subject == "x.ko");
    }
    CHECK(Verifier(trust::Keyring(), "6.1.0-test")
              .check(candidate(signed_module()).value())
              .has_error());
}
