// An admin's own word on whether the host is well: the health command.
#pragma once

#include "base/result.hpp"

#include <functional>
#include <string>

namespace livepatch::engine {

class HealthCheck {
public:
    struct Verdict {
        bool well = true;
        std::string words = {}; // why not, for people
    };

    // An error: it could not be asked, which says nothing of the host.
    using Done = std::function<void(base::Result<Verdict>)>;

    HealthCheck() = default;
    HealthCheck(HealthCheck const&) = delete;
    HealthCheck& operator=(HealthCheck const&) = delete;
    virtual ~HealthCheck() = default;

    virtual bool is_wanted() const = 0;

    // `done` is called once, from the loop and not from within the call.
    virtual void run(std::string const& patch, Done done) = 0;
};

} // namespace livepatch::engine
