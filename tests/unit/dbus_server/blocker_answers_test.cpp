#include "dbus_server/blocker_answers.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <memory>
#include <string>

using namespace livepatch;
using dbus_server::BlockerAnswers;
using dbus_server::Permission;

namespace {

constexpr uid_t user = 1000;
constexpr uid_t other = 1001;

Permission may_inspect(uid_t who) {
    return {.allowed = true, .user = who};
}

Permission may_not(uid_t who) {
    return {.allowed = false, .user = who};
}

// A kernel thread, and a task of each of the two.
engine::Engine::SharedBlockers blockers() {
    auto all = std::make_shared<engine::Blockers>();
    all->tasks = {
        kernel::explain({.pid = 2, .tid = 2, .kthread = true}, {}),
        kernel::explain({.pid = 30, .tid = 30, .uid = user}, {}),
        kernel::explain({.pid = 40, .tid = 40, .uid = other}, {})};
    return all;
}

std::vector<std::uint32_t> tids(BlockerAnswers::Answer const& answer) {
    std::vector<std::uint32_t> found;
    for (auto const& entry : answer)
        found.push_back(entry.at("tid").get<std::uint32_t>());
    return found;
}

} // namespace

TEST_CASE("each sees what he may") {
    BlockerAnswers answers;
    auto const all = blockers();
    CHECK(tids(answers.of(all, may_inspect(user))) == std::vector<std::uint32_t>{2, 30, 40});
    CHECK(answers.of(all, may_inspect(user))[0].contains("stack"));
    CHECK(tids(answers.of(all, may_not(user))) == std::vector<std::uint32_t>{2, 30});
    CHECK(tids(answers.of(all, may_not(other))) == std::vector<std::uint32_t>{2, 40});
    CHECK_FALSE(answers.of(all, may_not(user))[0].contains("stack"));
}

TEST_CASE("an answer is made once for all who may see the same") {
    BlockerAnswers answers;
    auto const all = blockers();
    auto const* whole = &answers.of(all, may_inspect(user));
    CHECK(&answers.of(all, may_inspect(0)) == whole);
    auto const* part = &answers.of(all, may_not(user));
    CHECK(part != whole);
    CHECK(&answers.of(all, may_not(user)) == part);
    CHECK(&answers.of(all, may_inspect(other)) == whole);
}

TEST_CASE("of other blockers there is another answer, and of none nothing is kept") {
    BlockerAnswers answers;
    auto const all = blockers();
    CHECK(answers.of(all, may_not(user)).size() == 2);
    auto const none = std::make_shared<engine::Blockers const>();
    CHECK(answers.of(none, may_not(user)).empty());
    CHECK(answers.of(all, may_not(user)).size() == 2);
    answers.forget();
    CHECK(all.use_count() == 1);
}

TEST_CASE("many users cost no more than some") {
    BlockerAnswers answers;
    auto const all = blockers();
    for (uid_t who = 0; who < 10'000; ++who)
        CHECK(answers.of(all, may_not(who)).size() == (who == user || who == other ? 2 : 1));
}
