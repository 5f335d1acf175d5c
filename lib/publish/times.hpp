// Points in time as metadata and catalogues write them.
#pragma once

#include "trust/tuf/header.hpp"

#include <chrono>
#include <string>

namespace livepatch::publish {

using trust::tuf::Time;

// "2026-11-26T23:59:59Z".
std::string time_text(Time time);

} // namespace livepatch::publish
