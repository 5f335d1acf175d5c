// The journal's records: each kind of event has an id of its own, and the catalogue explains it.
#include "journal_record.hpp"
#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <syslog.h>

using namespace livepatch;

namespace {

std::filesystem::path const catalogue_file =
    std::filesystem::path(LIVEPATCHD_SOURCE_DIR) / "systemd/livepatchd.catalog";

std::string content(std::filesystem::path const& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

bool has(std::vector<std::string> const& fields, std::string const& field) {
    return std::find(fields.begin(), fields.end(), field) != fields.end();
}

} // namespace

TEST_CASE("each kind of event has an id of its own") {
    std::set<std::string> ids;
    for (auto const kind : report::event_kinds()) {
        std::string const id = daemon::message_id(kind);
        CHECK(id.size() == 32);
        CHECK(id.find_first_not_of("0123456789abcdef") == std::string::npos);
        CHECK(ids.insert(id).second);
    }
}

TEST_CASE("the catalogue compiles, and explains each kind of event") {
    support::TemporaryDirectory const root;
    std::filesystem::create_directories(root.path() / "usr/lib/systemd/catalog");
    std::filesystem::create_directories(root.path() / "var/lib/systemd/catalog");
    std::filesystem::copy_file(
        catalogue_file, root.path() / "usr/lib/systemd/catalog/livepatchd.catalog"
    );
    auto const journalctl = "journalctl --root=" + root.path().string();
    REQUIRE(std::system((journalctl + " --update-catalog").c_str()) == 0); // NOLINT: a test
    auto const dump = (root.path() / "dump").string();
    REQUIRE(std::system((journalctl + " --dump-catalog >" + dump).c_str()) == 0); // NOLINT: a test
    auto const compiled = content(dump);
    std::size_t entries = 0;
    for (auto at = compiled.find("\n-- "); at != std::string::npos;
         at = compiled.find("\n-- ", at + 1))
        ++entries;
    entries += compiled.starts_with("-- ") ? 1 : 0;
    CHECK(entries == report::event_kinds().size());
    for (auto const kind : report::event_kinds()) {
        INFO(name(kind));
        auto const at = compiled.find(std::string("-- ") + daemon::message_id(kind));
        REQUIRE(at != std::string::npos);
        auto const entry = compiled.substr(at, compiled.find("\n-- ", at) - at);
        CHECK(entry.find("Subject: ") != std::string::npos);
        CHECK(entry.find("\n\n") < entry.size() - 40); // there is something below the subject
        CHECK(entry.find("# ") == std::string::npos);
    }
}

TEST_CASE("a record has the fields of its event, and none that are not known") {
    report::Event const event{
        .kind = report::EventKind::enabled,
        .time = {},
        .patch = "lp_a",
        .id = "corp-1",
        .sha256 = "00ff",
        .message = "lp_a: every task\nruns it",
        .kernel_log = {"one", "two\x1b"},
        .version = "2.1",
        .signer = "Test Key",
        .source = "vendor",
        .trigger = report::Trigger::request,
        .caller = {.uid = 0, .sender = ":1.7", .unit = "cron.service"},
        .reason = "why",
        .durations =
            {.verify = std::chrono::microseconds(7), .transition = std::chrono::milliseconds(2)},
        .blockers = {"a[1]: running", "b[2]: running"}};
    auto const fields = daemon::journal_fields(event);
    for (auto const* field :
         {"LIVEPATCH_EVENT=enabled",
          "LIVEPATCH_OUTCOME=done",
          "LIVEPATCH_NAME=lp_a",
          "LIVEPATCH_PATCH=lp_a",
          "LIVEPATCH_ID=corp-1",
          "LIVEPATCH_VERSION=2.1",
          "LIVEPATCH_SHA256=00ff",
          "LIVEPATCH_SIGNER=Test Key",
          "LIVEPATCH_SOURCE=vendor",
          "LIVEPATCH_TRIGGER=request",
          "LIVEPATCH_CALLER_UID=0",
          "LIVEPATCH_CALLER_SENDER=:1.7",
          "LIVEPATCH_CALLER_UNIT=cron.service",
          "LIVEPATCH_REASON=why",
          "LIVEPATCH_VERIFY_USEC=7",
          "LIVEPATCH_TRANSITION_USEC=2000",
          "LIVEPATCH_BLOCKER=a[1]: running",
          "LIVEPATCH_BLOCKER=b[2]: running"}) {
        INFO(field);
        CHECK(has(fields, field));
    }
    CHECK(has(fields, std::string("MESSAGE_ID=") + daemon::message_id(event.kind)));
    for (auto const& field : fields)
        CHECK_FALSE(field.starts_with("LIVEPATCH_LOAD_USEC"));
    CHECK(
        daemon::journal_message(event) ==
        "lp_a: every task\\x0aruns it\n  kernel: one\n  kernel: two\\x1b"
    );
    report::Event const bare{
        .kind = report::EventKind::paused,
        .time = {},
        .patch = {},
        .id = {},
        .sha256 = {},
        .message = "no"};
    CHECK(daemon::journal_fields(bare).size() == 4); // id, event, outcome, trigger
}

TEST_CASE("failures are more important than news") {
    CHECK(daemon::priority(report::EventKind::load_failed) == LOG_ERR);
    CHECK(daemon::priority(report::EventKind::operation_failed) == LOG_ERR);
    CHECK(daemon::priority(report::EventKind::foreign_change) == LOG_WARNING);
    CHECK(daemon::priority(report::EventKind::enabled) == LOG_NOTICE);
}
