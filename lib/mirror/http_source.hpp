// A repository on a web server.
#pragma once

#include "trust/tuf/source.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace livepatch::mirror {

// No redirections: where a repository lies, its owner says. 404, 403 and 410 all mean that there is
// no such file: a store of objects that may not be listed answers 403.
class HttpSource : public trust::tuf::Source {
public:
    struct Urls {
        std::string metadata;
        std::string targets;
    };

    // As it lies below one URL.
    static Urls below(std::string url);

    struct Patience {
        std::chrono::seconds to_connect{15};
        std::chrono::seconds below_least_speed{30}; // of 1 KiB/s
        std::chrono::seconds in_all{60};            // and a second for each 16 KiB
        // For all transfers together: after it none takes longer than a second.
        std::chrono::steady_clock::time_point until = std::chrono::steady_clock::time_point::max();
    };

    struct Way {
        bool allow_http = false;  // without it HTTPS alone
        std::string proxy = {};   // "" = as the environment says (https_proxy, no_proxy)
        std::string ca_file = {}; // "" = the system's authorities
    };

    HttpSource(Urls urls, Way way, Patience patience);

    HttpSource(Urls urls, Way way) : HttpSource(std::move(urls), std::move(way), Patience()) {}

    ~HttpSource() override;

    // For people: without a password that is in the URL.
    std::string locate(Name const& name) const override;
    base::Result<Answer> fetch(Request const& request, Sink const& sink) override;

    // The same from a byte on, for a file whose start is there already. What a server sends
    // nevertheless of the start is passed over. limits_exceeded: the server has less than that.
    base::Result<Answer> fetch_from(std::uint64_t start, Request const& request, Sink const& sink);

    // What the server called the newest file that was asked for with may_be_unchanged. Told before,
    // it may answer that it has not changed. "" = nothing.
    std::string const& etag() const { return etag_; }

    void know_etag(std::string etag) { known_etag_ = std::move(etag); }

    // How long the server wants to be left alone, as it said with its last error.
    std::optional<std::chrono::seconds> retry_after() const { return retry_after_; }

private:
    struct Handle;

    std::string url_of(Name const& name) const;

    Urls urls_;
    Way way_;
    Patience patience_;
    std::unique_ptr<Handle> handle_; // keeps the connection
    std::string known_etag_;
    std::string etag_;
    std::optional<std::chrono::seconds> retry_after_;
};

} // namespace livepatch::mirror
