// What admins asked for, in the order they asked.
#pragma once

#include "base/result.hpp"
#include "engine/world.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace livepatch::engine {

class RequestQueue {
public:
    using Done = std::function<void(base::Result<void>)>;

    static constexpr std::size_t capacity = 32;

    // Gives the request its id. busy when the queue is full, unless it is `urgent`: then it does
    // not have to wait for others, or is part of one that was taken. `done` is not called on an
    // error.
    base::Result<void> add(Request request, Done done, bool urgent = false);

    // Removes the request, whose `done` is called by the next answer(); nothing happens when it is
    // not there any more.
    void finish(std::uint64_t id, std::optional<base::Error> error);

    // Whoever is answered may ask for more.
    void answer();

    // Ends the pending requests of this kind for this module: an admin changed his mind.
    void cancel(Request::Kind kind, std::string const& name, std::string const& why);

    std::vector<Request> const& pending() const { return pending_; }

    Request const* find(std::uint64_t id) const; // nullptr = not pending any more, or never was

private:
    std::vector<Request> pending_;
    std::map<std::uint64_t, Done> done_;
    std::vector<std::function<void()>> answers_;
    std::uint64_t last_id_ = 0;
};

} // namespace livepatch::engine
