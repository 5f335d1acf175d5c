// What ListBlockers answers, made once for all who may see the same.
#pragma once

#include "dbus_server/authoriser.hpp"
#include "dbus_server/wire.hpp"
#include "engine/engine.hpp"

#include <sys/types.h>

#include <map>
#include <optional>
#include <vector>

namespace livepatch::dbus_server {

class BlockerAnswers {
public:
    using Answer = std::vector<Dictionary>;

    // The same one until there are other blockers. Whoever may not inspect others' tasks sees
    // kernel threads and his own.
    Answer const& of(engine::Engine::SharedBlockers const& blockers, Permission const& permission);

    void forget();

private:
    engine::Engine::SharedBlockers blockers_;
    std::map<std::optional<uid_t>, Answer> answers_; // by user; nothing = who may inspect
};

} // namespace livepatch::dbus_server
