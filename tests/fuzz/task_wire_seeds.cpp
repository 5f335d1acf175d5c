#include "seeds.hpp"
#include "tasks/wire.hpp"

#include <cerrno>

namespace livepatch::fuzz {

void write_seeds(Seeds const& seeds) {
    using namespace tasks;
    seeds.add("request-0", wire::request(0));
    seeds.add("request-1", wire::request(1));
    seeds.add("failure", wire::encode(base::system_error("/proc", "cannot open", EMFILE)));
    seeds.add("nothing", wire::encode(kernel::TaskScan{}));
    kernel::TaskScan scan{
        .tasks =
            {{.pid = 2,
              .tid = 2,
              .comm = "kthreadd",
              .kthread = true,
              .state = 'I',
              .wchan = "kthreadd",
              .stack = {"kthreadd+0x1/0x2", "ret_from_fork+0x3/0x4"}},
             {.pid = 70,
              .tid = 71,
              .comm = "odd\n\x1b",
              .unit = "a.service",
              .container = "0123456789ab",
              .state = 'D',
              .uid = 1000}},
        .omitted = 1,
        .unreadable = 2};
    seeds.add("two-tasks", wire::encode(scan));
    scan.tasks[0].stack.assign(wire::most_frames, std::string(wire::longest_frame, 'f'));
    seeds.add("deep-stack", wire::encode(scan));
    seeds.add("cut", std::string_view(wire::encode(scan)).substr(0, 100));
    scan.tasks.assign(100, {.pid = 1, .tid = 1}); // not in order
    seeds.add("same-task", wire::encode(scan));
}

} // namespace livepatch::fuzz
