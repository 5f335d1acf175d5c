#include "repository/catalogue.hpp"
#include "repository/source.hpp"
#include "repository/sources.hpp"
#include "support/catch.hpp"
#include "support/module_file.hpp"
#include "support/temporary_directory.hpp"

#include <algorithm>
#include <filesystem>

using namespace livepatch;
using namespace repository;
using support::ModuleFile;
namespace fs = std::filesystem;

namespace {

Offer offer(std::string name, std::string file, int priority = 50, std::string source = "a") {
    Offer offer{.source = std::move(source), .priority = priority, .path = "/x/" + file};
    offer.module.name = name;
    offer.id = std::move(name);
    offer.sha256 = file;
    return offer;
}

base::Error refused() {
    return {.code = base::Errc::verification_failed, .subject = "x", .cause = "no", .remedy = {}};
}

} // namespace

TEST_CASE("of two offers of one module, one is preferred") {
    auto const plain = offer("lp", "lp-1.9.ko");
    auto broken = offer("lp", "lp-2.ko", 99);
    broken.refused = refused();
    CHECK(preferred(plain, broken)); // usable before everything
    CHECK_FALSE(preferred(broken, plain));
    CHECK(preferred(offer("lp", "lp-1.ko", 51), plain));      // priority before version
    CHECK(preferred(offer("lp", "lp-1.ko", 50, "A"), plain)); // source name before version
    CHECK(preferred(offer("lp", "lp-1.10.ko"), plain));       // in version order
    CHECK_FALSE(preferred(plain, offer("lp", "lp-1.10.ko")));
    CHECK_FALSE(preferred(plain, plain));
}

TEST_CASE("an offer is chosen by module name or by id") {
    Catalogue catalogue;
    CHECK(catalogue.choose("lp") == nullptr);
    catalogue.offers = {
        offer("lp", "lp-1.ko"),
        offer("lp", "lp-10.ko"),
        offer("lp", "lp-9.ko"),
        offer("b", "b.ko")};
    catalogue.offers[3].id = "CVE-2026-1";
    CHECK(catalogue.choose("lp")->path == "/x/lp-10.ko");
    CHECK(catalogue.choose("CVE-2026-1")->name() == "b");
    CHECK(catalogue.choose("b")->name() == "b");
    CHECK(catalogue.choose("lp-1.ko") == nullptr);
    catalogue.offers[1].refused = refused();
    CHECK(catalogue.choose("lp")->path == "/x/lp-9.ko");
    CHECK(catalogue.find_digest("lp-10.ko") == &catalogue.offers[1]);
    CHECK(catalogue.find_digest("") == nullptr);
    CHECK(catalogue.find_digest("x") == nullptr);
}

TEST_CASE("the release in a path") {
    CHECK(
        expand_release("/var/lib/kpatch/%r", "6.1.0-56-amd64") == "/var/lib/kpatch/6.1.0-56-amd64"
    );
    CHECK(expand_release("/%r/%r/", "6") == "/6/6/");
    CHECK(expand_release("/100%%/%%r", "6") == "/100%/%r");
    CHECK(expand_release("/%x%", "6") == "/%x%");
    CHECK(expand_release("", "6").empty());
}

TEST_CASE("offers come by priority, source name and version order of the file names") {
    support::TemporaryDirectory const directory;
    directory.write("keys/k.pem", support::test_key().certificate_pem());
    auto const add = [&](std::string const& source, std::string const& file, std::string name) {
        directory.write(
            fs::path(source) / file,
            ModuleFile{.name = std::move(name)}.signed_by(support::test_key())
        );
    };
    add("low", "1.ko", "low_1");
    add("b", "10.ko", "b_10");
    add("b", "9.ko", "b_9");
    add("a", "x.ko", "a_x");
    add("high", "z.ko", "high_z");
    auto const source = [&](std::string name, int priority) {
        return Source{
            .name = name, .path = directory.path() / name, .keys = {}, .priority = priority};
    };
    Sources sources(
        {source("low", 1), source("b", 50), source("a", 50), source("high", 99)},
        directory.path() / "keys",
        RunningKernel("6.1.0-56-amd64")
    );
    auto const catalogue = sources.read();
    std::string order;
    for (auto const& one : catalogue.offers)
        order += one.name() + ' ';
    CHECK(order == "high_z a_x b_9 b_10 low_1 ");
    CHECK(catalogue.problems.empty());
    CHECK(catalogue.read_at > std::chrono::system_clock::now() - std::chrono::minutes(1));

    CHECK(sources.verify(catalogue.offers[0]));
    auto stranger = catalogue.offers[0];
    stranger.source = "gone";
    CHECK(sources.verify(stranger).error().code == base::Errc::not_found);
}

TEST_CASE("what several sources share is told once") {
    support::TemporaryDirectory const directory;
    directory.write("keys/broken.pem", "no certificate");
    fs::create_directory(directory.path() / "a");
    Sources sources(
        {{.name = "one", .path = directory.path() / "a", .keys = {}},
         {.name = "two", .path = directory.path() / "a", .keys = {}}},
        directory.path() / "keys",
        RunningKernel("6.1")
    );
    CHECK(sources.read().problems.size() == 1);
}
