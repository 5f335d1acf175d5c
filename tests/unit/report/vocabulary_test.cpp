// The words of the interfaces: complete, unique, the same in both directions.
#include "report/error_name.hpp"
#include "report/event.hpp"
#include "report/vocabulary.hpp"
#include "support/catch.hpp"

#include <array>
#include <map>
#include <set>
#include <string>

using namespace livepatch;
using base::Errc;
using namespace report;

namespace {

struct Row {
    Errc code;
    std::string_view name;
    int status;
};

// DESIGN's table, and what has no row there: "any other" is 1.
constexpr std::array table{
    Row{Errc::invalid_argument, "InvalidArgument", 2},
    Row{Errc::not_found, "NotFound", 3},
    Row{Errc::held, "Held", 4},
    Row{Errc::paused, "Paused", 4},
    Row{Errc::not_authorized, "NotAuthorized", 5},
    Row{Errc::verification_failed, "VerificationFailed", 6},
    Row{Errc::wrong_kernel, "WrongKernel", 6},
    Row{Errc::conflict, "Conflict", 6},
    Row{Errc::expired, "Expired", 6},
    Row{Errc::quarantined, "Quarantined", 6},
    Row{Errc::withdrawn, "Withdrawn", 6},
    Row{Errc::stalled, "Stalled", 7},
    Row{Errc::unsupported, "Unsupported", 9},
    Row{Errc::load_failed, "LoadFailed", 1},
    Row{Errc::busy, "Busy", 1},
    Row{Errc::limits_exceeded, "LimitsExceeded", 1},
    Row{Errc::failed, "Failed", 1},
};

// All values of an enumeration whose last one is known.
template <class Enum>
std::set<std::string> words(Enum last) {
    std::set<std::string> words;
    for (int i = 0; i <= static_cast<int>(last); ++i) {
        auto const value = static_cast<Enum>(i);
        auto const word = name(value);
        CHECK(from_name<Enum>(word) == value);
        words.emplace(word);
    }
    CHECK(words.size() == static_cast<std::size_t>(last) + 1);
    CHECK_FALSE(from_name<Enum>(""));
    CHECK_FALSE(from_name<Enum>("Something"));
    return words;
}

void check_spelling(std::set<std::string> const& words) {
    for (auto const& word : words)
        CHECK(word.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") == std::string::npos);
}

} // namespace

TEST_CASE("each kind of error has one name and one exit status") {
    // Of the rest callers need to know no more than one of these.
    CHECK(table.size() + 3 == static_cast<std::size_t>(Errc::limits_exceeded) + 1);
    CHECK(error_name(Errc::rolled_back) == "VerificationFailed");
    CHECK(error_name(Errc::incomplete) == "VerificationFailed");
    CHECK(error_name(Errc::unreachable) == "Failed");
    CHECK(exit_status(Errc::rolled_back) == 6);
    CHECK(exit_status(Errc::incomplete) == 6);
    CHECK(exit_status(Errc::unreachable) == 1);
    std::set<std::string_view> names;
    for (auto const& [code, name, status] : table) {
        CHECK(error_name(code) == name);
        CHECK(exit_status(code) == status);
        CHECK(errc_from_name(name) == code);
        CHECK(errc_from_name("org.livepatchd1.Error." + std::string(name)) == code);
        CHECK(names.insert(error_name(code)).second);
    }
}

TEST_CASE("an error of somebody else is a failure") {
    for (auto const* name :
         {"", "org.livepatchd1.Error.", "org.freedesktop.DBus.Error.NoReply", "notfound"}) {
        CHECK(errc_from_name(name) == Errc::failed);
        CHECK(exit_status(errc_from_name(name)) == 1);
    }
}

TEST_CASE("each word stands for one value") {
    check_spelling(words(Disposition::available));
    check_spelling(words(Health::unsupported));
    check_spelling(words(Mode::manual));
    check_spelling(words(Stage::transitioning));
    check_spelling(words(Probation::failed));
    check_spelling(words(Replace::unknown));
}

TEST_CASE("the words are those of the interface") {
    CHECK(
        words(Disposition::available) ==
        std::set<std::string>{
            "unmanaged",
            "quarantined",
            "withdrawn",
            "held",
            "rejected",
            "replaced",
            "managed",
            "scheduled",
            "available"}
    );
    CHECK(
        words(Health::unsupported) ==
        std::set<std::string>{"ok", "pending", "degraded", "insecure", "unsupported"}
    );
    CHECK(
        words(Stage::transitioning) ==
        std::set<std::string>{"idle", "refreshing", "verifying", "loading", "transitioning"}
    );
    CHECK(words(Mode::manual) == std::set<std::string>{"automatic", "manual"});
    CHECK(words(Replace::unknown) == std::set<std::string>{"yes", "no", "unknown"});
    CHECK(words(Probation::failed) == std::set<std::string>{"none", "running", "passed", "failed"});
    for (auto const state :
         {base::PatchState::absent,
          base::PatchState::enabling,
          base::PatchState::enabled,
          base::PatchState::disabling,
          base::PatchState::disabled})
        CHECK(base::patch_state(base::name(state)) == state);
    CHECK_FALSE(base::patch_state("loaded"));
}

TEST_CASE("each kind of event has a word") {
    std::set<std::string> words;
    for (auto const kind : event_kinds()) {
        CHECK(kind == static_cast<EventKind>(words.size())); // none is missing, each at its place
        CHECK(event_kind(name(kind)) == kind);
        words.emplace(name(kind));
    }
    CHECK(words.size() == event_kinds().size());
    CHECK(event_kinds().back() == last_event_kind);
    CHECK_FALSE(event_kind("Loaded"));
    check_spelling(words);
}

TEST_CASE("each trigger has a word") {
    for (auto const one : {Trigger::daemon, Trigger::request, Trigger::other_tool})
        CHECK(trigger(name(one)) == one);
    CHECK(name(Trigger::other_tool) == "other-tool");
    CHECK_FALSE(trigger("nobody"));
}
