// A TUF client by others reads what lprepo makes.
#include "publisher.hpp"

#include <cstdlib>

using namespace livepatch;
using support::Publisher;

namespace {

// A host with that client, over the life of a repository. Its clock is the machine's.
struct ForeignHost : Publisher {
    ForeignHost() {
        now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
        context.now = [this] { return now; };
    }

    std::string anchor() const { return (directory.path() / "anchor.json").string(); }

    void trust_first_root() const {
        std::filesystem::copy_file(repo() / "metadata/1.root.json", anchor());
    }

    // What it printed, and the exit status.
    int read() {
        auto const output = (directory.path() / "output").string();
        auto const state = (directory.path() / "state").string();
        std::filesystem::remove_all(state);
        auto const command = "node '" READ_REPOSITORY "' '" + repo().string() + "' '" + anchor() +
                             "' '" + state + "' >'" + output + "' 2>&1";
        auto const status = std::system(command.c_str());
        said = base::read_file(output).value();
        return status;
    }

    bool offers(std::string const& path) const {
        return said.find(path + ' ') != std::string::npos;
    }

    std::string said;
};

} // namespace

TEST_CASE("tuf-js follows a repository over its life, from the first root") {
    for (auto const* kind : {"ed25519", "ecdsa", "rsa"}) {
        ForeignHost host;
        host.must("init", {"--no-passphrase", "--kind", kind});
        host.trust_first_root();
        host.add("LP-1");
        host.must("publish");
        INFO(kind);
        CHECK(host.read() == 0);
        INFO(host.said);
        CHECK(host.offers("catalog/x86_64/6.1.0-56-amd64.json"));
        CHECK(host.offers("modules/x86_64/6.1.0-56-amd64/LP-1.ko"));
        host.must("refresh");
        host.add("LP-2");
        host.must("publish");
        CHECK(host.read() == 0);
        CHECK(host.offers("modules/x86_64/6.1.0-56-amd64/LP-2.ko"));
        host.must("brake", {"LP-1", "--reason", "crashes"});
        CHECK(host.read() == 0);
        CHECK(host.offers("brake.json"));
        for (auto const* role : {"online", "targets", "root"}) {
            host.must("rotate", {role, "--no-passphrase", "--kind", kind});
            host.must("publish");
        }
        CHECK(host.read() == 0);
    }
}

TEST_CASE("tuf-js refuses what was changed after it was signed") {
    ForeignHost host;
    host.publish_one();
    host.trust_first_root();
    REQUIRE(host.read() == 0);
    for (auto const& entry : std::filesystem::recursive_directory_iterator(host.repo() / "targets"))
        if (entry.path().extension() == ".ko")
            std::ofstream(entry.path(), std::ios::binary | std::ios::in) << "evil";
    CHECK(host.read() != 0);
}
