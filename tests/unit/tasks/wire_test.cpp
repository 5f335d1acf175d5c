// The messages between livepatchd and livepatch-tasks.
#include "support/catch.hpp"
#include "tasks/wire.hpp"

#include <string>
#include <vector>

using namespace livepatch;
using namespace livepatch::tasks;

namespace {

bool same(kernel::BlockingTask const& left, kernel::BlockingTask const& right) {
    return left.pid == right.pid && left.tid == right.tid && left.comm == right.comm &&
           left.kthread == right.kthread && left.unit == right.unit &&
           left.container == right.container && left.state == right.state &&
           left.wchan == right.wchan && left.stack == right.stack && left.uid == right.uid;
}

kernel::BlockingTask kthread() {
    return {
        .pid = 50,
        .tid = 50,
        .comm = "kpatchd",
        .kthread = true,
        .state = 'I',
        .wchan = "patched_wait",
        .stack = {"patched_wait+0x10/0x20 [lp_target]", "kthread+0x1/0x2"}};
}

kernel::BlockingTask thread_of_user() {
    return {
        .pid = 4'000'000,
        .tid = 4'000'001,
        .comm = "da\x1b[31m\nta\xff",
        .unit = "database.service",
        .container = std::string(64, 'a'),
        .state = 'D',
        .uid = 4'294'967'294U};
}

kernel::TaskScan two_tasks() {
    return {.tasks = {kthread(), thread_of_user()}, .omitted = 3, .unreadable = 7};
}

// An answer with these bytes in the place of those at `at`.
std::string altered(std::string answer, std::size_t at, std::string_view bytes) {
    return answer.replace(at, bytes.size(), bytes);
}

bool is_refused(std::string_view answer) {
    auto const decoded = wire::decode(answer);
    return !decoded && decoded.error().cause == "the answer is not a list of tasks";
}

// Where things are in the answer to two_tasks().
constexpr std::size_t at_kind = 8;
constexpr std::size_t at_unreadable = 9;
constexpr std::size_t at_count = 17;
constexpr std::size_t at_pid = 21;
constexpr std::size_t at_tid = 25;
constexpr std::size_t at_state = 33;
constexpr std::size_t at_kthread = 34;
constexpr std::size_t at_comm = 35;

} // namespace

TEST_CASE("a request is one of two") {
    CHECK(wire::parse_request(wire::request(0)) == 0);
    CHECK(wire::parse_request(wire::request(1)) == 1);
    CHECK(wire::request(1).size() <= wire::largest_request);
    for (auto const* other :
         {"",
          "target",
          "target 1",
          "target 2\n",
          "target -1\n",
          "target 01\n",
          " target 1\n",
          "target 1\n\n",
          "TARGET 1\n",
          "target 1\ntarget 1\n"})
        CHECK_FALSE(wire::parse_request(other));
    CHECK_FALSE(wire::parse_request(std::string_view("target 1\n\0", 10)));
}

TEST_CASE("a scan comes over as it was") {
    auto const scan = two_tasks();
    auto const got = wire::decode(wire::encode(scan)).value();
    CHECK(got.omitted == 3);
    CHECK(got.unreadable == 7);
    REQUIRE(got.tasks.size() == 2);
    CHECK(same(got.tasks[0], scan.tasks[0]));
    CHECK(same(got.tasks[1], scan.tasks[1]));
    CHECK_FALSE(got.unhelped);
    CHECK(wire::decode(wire::encode(kernel::TaskScan())).value().tasks.empty());
}

TEST_CASE("a scan that failed says why") {
    auto const error = base::system_error("/proc", "cannot open", EMFILE);
    auto const got = wire::decode(wire::encode(error));
    REQUIRE_FALSE(got);
    CHECK(got.error().subject == "livepatch-tasks");
    CHECK(got.error().cause == describe(error));
    CHECK(got.error().os_error == 0);
}

TEST_CASE("an answer that is cut short or goes on is none") {
    for (auto const& answer :
         {wire::encode(two_tasks()), wire::encode(base::system_error("a", "b", EIO))}) {
        for (std::size_t size = 1; size < answer.size(); ++size)
            CHECK(is_refused(answer.substr(0, size)));
        CHECK(is_refused(answer + "x"));
        CHECK(is_refused(answer + answer));
    }
    CHECK(wire::decode("").error().cause == "gives no answer");
}

TEST_CASE("an answer with anything out of its range is none") {
    auto const answer = wire::encode(two_tasks());
    std::string const huge = "\xff\xff\xff\xff";
    std::string const zero(4, '\0');
    CHECK(is_refused(altered(answer, 0, "X")));
    CHECK(is_refused(altered(answer, at_kind, "L")));
    CHECK(is_refused(altered(answer, at_unreadable, huge)));
    CHECK(is_refused(altered(answer, at_unreadable + 4, huge)));
    CHECK(is_refused(altered(answer, at_count, huge)));
    CHECK(is_refused(altered(answer, at_count, "\3")));
    CHECK(is_refused(altered(answer, at_count, "\1")));
    CHECK(is_refused(altered(answer, at_pid, zero)));
    CHECK(is_refused(altered(answer, at_pid, huge)));
    CHECK(is_refused(altered(answer, at_tid, zero)));
    CHECK(is_refused(altered(answer, at_state, "\x1b")));
    CHECK(is_refused(altered(answer, at_kthread, "\2")));
    CHECK(is_refused(altered(answer, at_comm, "\x41"))); // longer than a name may be
    CHECK(is_refused(altered(answer, at_comm + 2, std::string_view("\0", 1))));
}

TEST_CASE("tasks come in order, each once") {
    for (auto const& tasks :
         {std::vector{thread_of_user(), kthread()}, std::vector{kthread(), kthread()}})
        CHECK(is_refused(wire::encode(kernel::TaskScan{.tasks = tasks})));
}

TEST_CASE("what is too much is counted and not sent") {
    kernel::TaskScan many{.omitted = 5};
    for (pid_t id = 1; id <= 10'000; ++id)
        many.tasks.push_back({.pid = id, .tid = id, .comm = "x"});
    auto got = wire::decode(wire::encode(many)).value();
    CHECK(got.tasks.size() == wire::most_tasks);
    CHECK(got.tasks.size() + got.omitted == 10'005);

    many.tasks.resize(200);
    for (auto& task : many.tasks)
        task.stack.assign(wire::most_frames, std::string(wire::longest_frame, 'f'));
    auto const answer = wire::encode(many);
    CHECK(answer.size() <= wire::largest_answer);
    CHECK(answer.size() > wire::largest_answer - 64 * 1024);
    got = wire::decode(answer).value();
    CHECK(got.tasks.size() + got.omitted == 205);
    CHECK(wire::decode(std::string(wire::largest_answer + 1, 'x')).has_error());
}

TEST_CASE("what is too long to be true is cut") {
    kernel::TaskScan scan{.tasks = {kthread()}};
    auto& task = scan.tasks[0];
    task.comm = std::string(1000, 'c');
    task.unit = std::string(1000, 'u');
    task.wchan = std::string("half\0of it", 10);
    task.stack.assign(100, std::string(1000, 'f'));
    auto const got = wire::decode(wire::encode(scan)).value();
    CHECK(got.tasks[0].comm == std::string(wire::longest_comm, 'c'));
    CHECK(got.tasks[0].unit == std::string(wire::longest_name, 'u'));
    CHECK(got.tasks[0].wchan == "half");
    CHECK(got.tasks[0].stack.size() == wire::most_frames);
    CHECK(got.tasks[0].stack[0].size() == wire::longest_frame);
    base::Error const loud{
        .code = base::Errc::failed, .subject = std::string(5000, 's'), .cause = "c", .remedy = {}};
    CHECK(wire::decode(wire::encode(loud)).error().cause.size() == wire::longest_failure);
}
