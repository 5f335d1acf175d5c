// What to do next: pure. The engine carries out the first step, looks at the kernel again and plans
// anew.
#pragma once

#include "base/error.hpp"
#include "engine/judgement.hpp"
#include "engine/world.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace livepatch::engine {

struct Action {
    enum class Kind {
        load,    // verify and load the offer
        disable, // write 0: starts the transition back, or reverses one that enables
        enable,  // write 1: reverses a transition that disables
        remove,  // unload a disabled module
        finish,  // the request is done: `error` says how
    };

    Kind kind = Kind::finish;
    std::string name;                         // module name
    std::uint64_t request = 0;                // whose; 0 = the daemon's own
    repository::Offer const* offer = nullptr; // with load
    std::optional<Pin> pin = {};           // with load and enable: on request, of an older version
    std::optional<base::Error> error = {}; // with finish: nothing = success
    // With load: what did harm and is to be replaced by it; "" = nothing.
    std::string over = {};
    bool overdue = false; // with disable: because its transition has run for too long
};

// In the order in which they are to be done. A step that the kernel would refuse now, because
// another patch is in transition (one at a time: kernel/livepatch/core.c, klp_transition_patch), is
// left out; that waiting ends with the next observation. What did harm or stalls comes first, then
// requests, then what the daemon wants by itself.
std::vector<Action> plan(World const& world, std::vector<Judgement> const& judgements);

} // namespace livepatch::engine
