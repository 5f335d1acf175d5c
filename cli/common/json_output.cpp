#include "cli/json_output.hpp"

#include <nlohmann/json.hpp>

namespace livepatch::cli {

namespace {

// ASCII only: JSON's own escapes keep C1 controls and direction marks from a terminal.
std::string text_of(nlohmann::ordered_json const& object, int indent) {
    return object.dump(indent, ' ', true, nlohmann::ordered_json::error_handler_t::replace);
}

} // namespace

void print(std::ostream& out, nlohmann::ordered_json const& object) {
    out << text_of(object, 2) << '\n';
}

void print_line(std::ostream& out, nlohmann::ordered_json const& object) {
    out << text_of(object, -1) << '\n' << std::flush;
}

} // namespace livepatch::cli
