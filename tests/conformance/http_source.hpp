// A repository on a web server.
#pragma once

#include "trust/tuf/source.hpp"

#include <chrono>
#include <memory>
#include <string>

namespace livepatch::conformance {

// HTTP and HTTPS, no redirections. 404, 403 and 410 all mean that there is no such file: a store of
// objects that may not be listed answers 403.
class HttpSource : public trust::tuf::Source {
public:
    struct Urls {
        std::string metadata;
        std::string targets;
    };

    struct Patience {
        std::chrono::seconds to_connect{15};
        std::chrono::seconds below_least_speed{30}; // of 1 KiB/s
        std::chrono::seconds in_all{60};            // and a second for each 16 KiB
    };

    explicit HttpSource(Urls urls);
    HttpSource(Urls urls, Patience patience);
    ~HttpSource() override;

    std::string locate(Name const& name) const override;
    base::Result<Answer> fetch(Request const& request, Sink const& sink) override;

private:
    struct Handle;
    Urls urls_;
    Patience patience_;
    std::unique_ptr<Handle> handle_; // keeps the connection
};

} // namespace livepatch::conformance
