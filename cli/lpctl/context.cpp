#include "lpctl/context.hpp"

#include "cli/json_output.hpp"

#include <nlohmann/json.hpp>

namespace livepatch::lpctl {

void Context::print(nlohmann::ordered_json const& object) const {
    cli::print(out, object);
}

void Context::print_line(nlohmann::ordered_json const& object) const {
    cli::print_line(out, object);
}

} // namespace livepatch::lpctl
