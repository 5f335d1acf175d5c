// The modules that were loaded before: what is believed of them is what their source wants as of
// now.
#include "repository/verified_store.hpp"
#include "support/catch.hpp"
#include "support/module_file.hpp"
#include "support/temporary_directory.hpp"
#include "trust/verifier.hpp"

#include <fcntl.h>
#include <filesystem>
#include <string>

using namespace livepatch;
using namespace livepatch::repository;
using base::Errc;
using support::ModuleFile;
using support::test_key;

namespace {

constexpr auto release = "6.1.0-56-amd64";

struct Bench {
    support::TemporaryDirectory directory;
    ModuleStore modules{directory.path() / "modules"};
    Source source{.name = "corp", .path = directory.path() / "source", .keys = {}};
    Offer offer{.source = "corp"};

    Bench() { directory.write("keys/k.pem", test_key().certificate_pem()); }

    // It was loaded once, whatever was wanted then.
    void store(std::string const& bytes) {
        auto const path = directory.write("lp_1.ko", bytes);
        base::UniqueFd const file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        auto candidate = trust::Candidate::read(file.get(), path.string());
        REQUIRE(candidate);
        offer.sha256 = candidate->sha256();
        auto const patch =
            trust::Verifier::without_signatures(release).verify(std::move(candidate).value());
        REQUIRE(patch);
        REQUIRE(modules.put(*patch));
    }

    base::Result<trust::VerifiedPatch> verify() const {
        return VerifiedStore(modules, {source}, directory.path() / "keys", release).verify(offer);
    }
};

} // namespace

TEST_CASE("a stored module is what its source wants: signed, vouched for, or neither") {
    Bench bench;
    SECTION("signed by a key that is trusted") {
        bench.store(ModuleFile{.name = "lp_1"}.signed_by(test_key()));
        CHECK(bench.verify()->signer().find("test key") != std::string::npos);
        std::filesystem::remove(bench.directory.path() / "keys/k.pem");
        CHECK(bench.verify().error().code == Errc::verification_failed);
    }
    SECTION("by nobody") {
        bench.store(ModuleFile{.name = "lp_1"}.unsigned_bytes());
        CHECK(bench.verify().error().code == Errc::verification_failed);
        bench.source.trust = Trust::tuf;
        CHECK(bench.verify().error().code == Errc::verification_failed);
        bench.source.wants_module_signature = false;
        CHECK(bench.verify()->signer() == "repository corp");
        bench.source.trust = Trust::none;
        CHECK(bench.verify()->signer().empty());
    }
    SECTION("of a source that is gone") {
        bench.store(ModuleFile{.name = "lp_1"}.signed_by(test_key()));
        bench.source.name = "another";
        CHECK(bench.verify().error().code == Errc::not_found);
    }
}
