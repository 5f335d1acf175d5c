// What this program calls by the short names of cli/terminal.hpp.
#pragma once

#include "cli/terminal.hpp"

namespace livepatch::lpctl {

using cli::columns;
using cli::fitted;
using cli::painted;
using cli::Terminal;
using cli::terminal_of;
using cli::Tone;

} // namespace livepatch::lpctl
