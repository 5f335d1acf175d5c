// What livepatchd and livepatch-tasks say to each other, as each side would take it from the other.
#include "fuzzer.hpp"
#include "tasks/wire.hpp"

#include <string_view>

using namespace livepatch;
using namespace livepatch::tasks;
using fuzz::must_hold;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text(reinterpret_cast<char const*>(data), size); // NOLINT
    if (auto const target = wire::parse_request(text))
        must_hold(wire::request(*target) == text, "there is one way to ask");

    auto const scan = wire::decode(text);
    if (!scan)
        return 0;
    must_hold(scan->tasks.size() <= wire::most_tasks, "the list is bounded");
    pid_t last = 0;
    for (auto const& task : scan->tasks) {
        must_hold(task.tid > last, "each task is there once, in order");
        last = task.tid;
        must_hold(task.stack.size() <= wire::most_frames, "stacks are bounded");
    }
    must_hold(wire::encode(scan) == text, "there is one way to say it");
    return 0;
}
