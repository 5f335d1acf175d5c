// The words of the command line.
#pragma once

#include "lprepo/context.hpp"

namespace livepatch::lprepo {

// Does what `argv` says and returns the exit status (DESIGN §9). Failures have been printed then.
int run(int argc, char const* const* argv, Context& context);

} // namespace livepatch::lprepo
