// The executable, as tuf-conformance calls it.
#include "base/directory.hpp"
#include "base/file.hpp"
#include "support/catch.hpp"
#include "support/temporary_directory.hpp"
#include "support/tuf_repository.hpp"
#include "web_server.hpp"

#include <sys/wait.h>

#include <cstdlib>

using namespace livepatch;
using Strings = std::vector<std::string>;

namespace {

// Its clock is the machine's.
struct Suite {
    support::TufRepository repository = repository_of_today();
    conformance::WebServer server;
    support::TemporaryDirectory directory;

    static support::TufRepository repository_of_today() {
        support::TufRepository made;
        for (auto& [role, content] : made.content)
            content["expires"] = "2099-01-01T00:00:00Z";
        made.publish_root();
        made.publish();
        return made;
    }

    int run(std::string const& arguments) {
        server.serve(repository.files);
        auto const command = TUF_CLIENT " --metadata-dir '" +
                             (directory.path() / "metadata").string() + "' --metadata-url " +
                             server.url("metadata") + ' ' + arguments + " 2>'" +
                             (directory.path() / "errors").string() + '\'';
        auto const status = std::system(command.c_str());
        REQUIRE(WIFEXITED(status));
        return WEXITSTATUS(status);
    }

    int init(std::string const& root) {
        return run("init '" + directory.write("root.json", root).string() + '\'');
    }

    int init() { return init(repository.files.at("metadata/1.root.json")); }

    int download(std::string const& names) {
        std::filesystem::create_directories(directory.path() / "targets");
        return run(
            names + " --target-base-url " + server.url("targets") + " --target-dir '" +
            (directory.path() / "targets").string() + "' download"
        );
    }

    std::string errors() const { return base::read_file(directory.path() / "errors").value(); }

    std::string target(std::string const& name) const {
        return base::read_file(directory.path() / "targets" / name).value();
    }

    Strings files(char const* where) const {
        return base::list_directory(directory.path() / where).value();
    }
};

} // namespace

TEST_CASE("init trusts a root and asks nobody") {
    Suite suite;
    CHECK(suite.init() == 0);
    CHECK(suite.server.take_requests().empty());
    CHECK(suite.files("metadata") == Strings{"root.json"});
}

TEST_CASE("refresh updates the four roles, and asks for them in order") {
    Suite suite;
    REQUIRE(suite.init() == 0);
    CHECK(suite.run("refresh") == 0);
    CHECK(
        suite.server.take_requests() ==
        Strings{
            "metadata/2.root.json",
            "metadata/3.root.json",
            "metadata/timestamp.json",
            "metadata/2.snapshot.json",
            "metadata/2.targets.json"}
    );
    CHECK(
        suite.files("metadata") ==
        Strings{".state", "root.json", "snapshot.json", "targets.json", "timestamp.json"}
    );
    CHECK(suite.run("refresh") == 0);
}

TEST_CASE("a root that is none: refresh fails and asks nobody") {
    for (std::string const root : {"", "{}", "no JSON"}) {
        Suite suite;
        suite.init(root);
        CHECK(suite.run("refresh") == 1);
        CHECK(suite.server.take_requests().empty());
        CHECK_FALSE(suite.errors().empty());
    }
    Suite suite;
    CHECK(suite.run("refresh") == 1); // never initialised
    CHECK(suite.server.take_requests().empty());
}

TEST_CASE("download brings targets, in order, and none twice") {
    Suite suite;
    suite.repository.add_target("path/to/module.ko", "module");
    suite.repository.publish();
    REQUIRE(suite.init() == 0);
    CHECK(suite.download("--target-name file.txt --target-name path/to/module.ko") == 0);
    CHECK(suite.files("targets") == Strings{"file.txt", "path%2Fto%2Fmodule.ko"});
    CHECK(suite.target("file.txt") == "content");
    CHECK(suite.target("path%2Fto%2Fmodule.ko") == "module");
    suite.server.take_requests();
    CHECK(suite.download("--target-name file.txt") == 0);
    CHECK(
        suite.server.take_requests() == Strings{"metadata/3.root.json", "metadata/timestamp.json"}
    );
}

TEST_CASE("a target that changed takes the place of the old one") {
    Suite suite;
    REQUIRE(suite.init() == 0);
    REQUIRE(suite.download("--target-name file.txt") == 0);
    suite.repository.add_target("file.txt", "changed");
    suite.repository.publish();
    CHECK(suite.download("--target-name file.txt") == 0);
    CHECK(suite.target("file.txt") == "changed");
    CHECK(suite.files("targets") == Strings{"file.txt"});
}

TEST_CASE("a target that was exchanged is not kept, and nothing after it is fetched") {
    Suite suite;
    suite.repository.add_target("bad.ko", "good");
    suite.repository.publish();
    for (auto& [name, bytes] : suite.repository.files)
        if (name.ends_with("bad.ko"))
            bytes = "evil";
    REQUIRE(suite.init() == 0);
    CHECK(suite.download("--target-name bad.ko --target-name file.txt") == 1);
    CHECK(suite.errors().find("its hash is not the signed one") != std::string::npos);
    CHECK(suite.files("targets").empty());
    CHECK(suite.download("--target-name none") == 1);
    CHECK(suite.errors() == "none: the repository has no such target\n");
}
