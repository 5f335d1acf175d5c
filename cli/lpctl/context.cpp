#include "lpctl/context.hpp"

#include <nlohmann/json.hpp>

namespace livepatch::lpctl {

void Context::print(nlohmann::ordered_json const& object) const {
    // ASCII only: JSON's own escapes keep C1 controls and direction marks from a terminal.
    using Handler = nlohmann::ordered_json::error_handler_t;
    out << object.dump(2, ' ', true, Handler::replace) << '\n';
}

void Context::print_line(nlohmann::ordered_json const& object) const {
    using Handler = nlohmann::ordered_json::error_handler_t;
    out << object.dump(-1, ' ', true, Handler::replace) << '\n' << std::flush;
}

} // namespace livepatch::lpctl
