// Where lprepo reads and writes. main() makes the real one, tests make theirs.
#pragma once

#include "base/result.hpp"
#include "cli/failure.hpp"
#include "publish/times.hpp"

#include <functional>
#include <ostream>
#include <string>

namespace livepatch::lprepo {

using cli::Failure;
using cli::Json;
using cli::Outcome;
namespace exit_status = cli::exit_status;

struct Context {
    std::ostream& out; // data
    std::ostream& err; // messages

    std::function<publish::Time()> now;

    // Asks somebody at a terminal, without showing what he types.
    std::function<base::Result<std::string>(std::string const& prompt)> ask_secret;
};

} // namespace livepatch::lprepo
