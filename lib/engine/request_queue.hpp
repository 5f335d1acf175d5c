// What admins asked for, in the order they asked.
#pragma once

#include "base/result.hpp"
#include "engine/world.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

namespace livepatch::engine {

class RequestQueue {
public:
    using Done = std::function<void(base::Result<void>)>;

    static constexpr std::size_t capacity = 32;

    // Gives the request its id. busy when the queue is full; `done` is not called then.
    base::Result<void> add(Request request, Done done);

    // Removes the request and calls its `done`; nothing happens when it is not there any more.
    void finish(std::uint64_t id, std::optional<base::Error> error);

    // Ends the pending apply of this module, if there is one: an admin changed his mind.
    void cancel_apply(std::string const& name, std::string const& why);

    std::vector<Request> const& pending() const { return pending_; }

private:
    std::vector<Request> pending_;
    std::map<std::uint64_t, Done> done_;
    std::uint64_t last_id_ = 0;
};

} // namespace livepatch::engine
