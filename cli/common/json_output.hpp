// JSON on a stream that may be a terminal.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <ostream>

namespace livepatch::cli {

// Prints one object. Untrusted bytes in it can neither break it nor reach a terminal.
void print(std::ostream& out, nlohmann::ordered_json const& object);

// The same on one line, which is on its way when this returns.
void print_line(std::ostream& out, nlohmann::ordered_json const& object);

} // namespace livepatch::cli
