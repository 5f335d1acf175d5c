#include "lpctl_host.hpp"
#include "support/catch.hpp"

using namespace livepatch;
using livepatch::support::LpctlHost;
using Words = std::vector<std::string>;

TEST_CASE("a wrong command line is exit 2 and says what to do") {
    LpctlHost host;
    for (auto const& words : std::vector<Words>{
             {},
             {"frobnicate"},
             {"--frobnicate"},
             {"status", "extra"},
             {"status", "--check=everything"},
             {"status", "--frobnicate"},
             {"show"},
             {"show", "a", "b"},
             {"list", "a"},
             {"apply"},
             {"apply", "a", "--all"},
             {"apply", "a", "--timeout", "soon"},
             {"apply", "a", "--timeout"},
             {"revert"},
             {"revert", "a", "--all"},
             {"revert", "a", "--replace-unmanaged"},
             {"refresh", "a"},
             {"hold"},
             {"unhold"},
             {"unhold", "a", "--reason", "b"},
             {"pause", "a"},
             {"resume", "a"},
             {"resume", "--reason", "b"}}) {
        INFO(words.size() << " words, the last: " << (words.empty() ? "" : words.back()));
        CHECK(host.call(words) == 2);
        CHECK(host.out.str().empty());
        CHECK(host.err.str().starts_with("lpctl: "));
        CHECK(host.err.str().find("; ") != std::string::npos);
    }
    CHECK(host.daemon.calls().empty());
}

TEST_CASE("mistyped verbs are recognised") {
    LpctlHost host;
    host.call({"statsu"});
    CHECK(host.err.str() == "lpctl: statsu: no such verb; did you mean 'status'?\n");
    host.call({"\x1b[2J"});
    CHECK(host.err.str().find('\x1b') == std::string::npos);
}

TEST_CASE("with --json a wrong command line is an object, too") {
    LpctlHost host;
    CHECK(host.call({"apply", "--json"}) == 2);
    CHECK(host.json()["schema"] == 1);
    CHECK(host.json()["error"]["name"] == "InvalidArgument");
    CHECK(host.json()["error"]["details"].is_object());
    CHECK(host.err.str().empty());
    CHECK(host.call({"show", "--json"}) == 2);
    CHECK(host.json()["error"]["name"] == "InvalidArgument");
}

TEST_CASE("the verb may follow --json") {
    LpctlHost host;
    CHECK(host.call({"--json", "status"}) == 0);
    CHECK(host.json()["schema"] == 1);
    CHECK(host.call({"--json", "show"}) == 2);
    CHECK(host.json()["error"]["name"] == "InvalidArgument");
}

TEST_CASE("help and version are successes on stdout") {
    LpctlHost host;
    CHECK(host.call({"--version"}) == 0);
    CHECK(host.out.str() == "lpctl " LIVEPATCHD_VERSION "\n");
    CHECK(host.call({"--help"}) == 0);
    CHECK(host.out.str().find("blockers") != std::string::npos);
    for (auto const* verb :
         {"status",
          "list",
          "show",
          "blockers",
          "version",
          "apply",
          "revert",
          "refresh",
          "hold",
          "unhold",
          "pause",
          "resume"}) {
        CHECK(host.call({verb, "--help"}) == 0);
        CHECK(host.out.str().find("--json") != std::string::npos);
    }
    CHECK(host.err.str().empty());
}

TEST_CASE("apply without a name tells which names there are") {
    LpctlHost host;
    report::Report report;
    report.patches = {
        support::a_patch("lp_a", base::PatchState::absent, report::Disposition::available),
        support::a_patch("lp_b", base::PatchState::absent, report::Disposition::held)};
    host.remember(report);
    CHECK(host.call({"apply"}) == 2);
    CHECK(host.err.str().find("available: lp_a;") != std::string::npos);
}

TEST_CASE("a name that looks like an option comes after --") {
    LpctlHost host;
    CHECK(host.call({"show", "--", "--json"}) == 3);
    CHECK(host.err.str().find("--json: no such patch") != std::string::npos);
    CHECK(host.out.str().empty());
}

TEST_CASE("output that cannot be written is a failure") {
    LpctlHost host;
    host.out.setstate(std::ios::badbit);
    CHECK(host.call({"list", "--json"}) == 1);
}
