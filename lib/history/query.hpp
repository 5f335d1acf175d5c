// Which events of the history are asked for.
#pragma once

#include "report/event.hpp"

#include <cstdint>
#include <string>

namespace livepatch::history {

struct Query {
    static constexpr std::uint32_t most = 1000; // a call

    std::string patch = {};     // module name or id; "" = all
    report::Time since = {};    // the epoch = from the beginning
    std::uint32_t limit = most; // the newest so many
};

bool matches(Query const& query, report::Event const& event);

} // namespace livepatch::history
