#include "preflight/answer.hpp"

#include <utility>

namespace livepatch::preflight {

base::Error answer(std::string name, int os_error, std::string line, Circumstances circumstances) {
    Refusal refusal{
        .os_error = os_error, .name = std::move(name), .circumstances = std::move(circumstances)};
    if (!line.empty())
        refusal.kernel_lines.push_back(std::move(line));
    auto error = explain(refusal);
    error.kernel_log.clear();
    return error;
}

} // namespace livepatch::preflight
