// How much callers may ask of us at once.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <map>
#include <memory>
#include <string>

namespace livepatch::dbus_server {

class CallLimits {
public:
    static constexpr std::size_t per_sender = 4;
    static constexpr std::size_t in_all = 64;

    // A call that is being answered: counts until the last copy is gone.
    using Ticket = std::shared_ptr<void>;

    // limits_exceeded when the sender, or all together, have too many calls under way.
    base::Result<Ticket> admit(std::string const& sender);

private:
    struct Count {
        std::map<std::string, std::size_t> by_sender;
        std::size_t all = 0;
    };

    std::shared_ptr<Count> count_ = std::make_shared<Count>();
};

} // namespace livepatch::dbus_server
