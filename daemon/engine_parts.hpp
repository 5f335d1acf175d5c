// What the engine is made of on this host, for the daemon and for the boot alike.
#pragma once

#include "base/clock.hpp"
#include "configuration.hpp"
#include "engine/engine.hpp"
#include "surroundings.hpp"
#include "workers.hpp"

#include <boost/asio/any_io_executor.hpp>

namespace livepatch::daemon {

struct Foundation {
    boost::asio::any_io_executor loop;
    base::Clock& clock;
    Workers& workers;
    repository::Supply& supply;
    engine::StateFile& state_file;
};

// As the daemon wants it; all that is referred to must outlive the engine.
engine::Engine::Parts engine_parts(
    Foundation const& foundation,
    Surroundings const& surroundings,
    kernel::Identity const& identity,
    Configuration const& configuration
);

} // namespace livepatch::daemon
