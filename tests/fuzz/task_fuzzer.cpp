// The files of a task: any user may write what he likes into its name and, below his own control
// groups, into theirs.
#include "base/error.hpp"
#include "fuzzer.hpp"
#include "kernel/cgroup.hpp"
#include "kernel/notes.hpp"
#include "kernel/task_details.hpp"

#include <string_view>

using namespace livepatch;
using fuzz::must_hold;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const content(reinterpret_cast<char const*>(data), size); // NOLINT
    auto const found = kernel::membership(content);
    must_hold(found.unit.size() <= size && found.container.size() <= size, "names are parts");
    must_hold(found.unit.find('/') == std::string::npos, "a unit is one component");

    kernel::BlockingTask task;
    kernel::parse_stat(content, task);
    for (auto const& frame : kernel::parse_stack(content))
        must_hold(!frame.empty() && frame.find('\n') == std::string::npos, "a frame is a line");
    must_hold(kernel::build_id(content).size() <= 2 * size, "a build-id is a part");
    return 0;
}
