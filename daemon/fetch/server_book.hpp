// What is remembered of a repository's servers from one run to the next.
#pragma once

#include "base/result.hpp"
#include "trust/tuf/header.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace livepatch::fetch {

using trust::tuf::Time;

class ServerBook {
public:
    // A file that is not there, or is damaged, remembers nothing.
    static ServerBook load(std::filesystem::path file);

    // What the server called this very timestamp.json; "" = it is not known.
    std::string etag(std::string const& url, std::string_view timestamp) const;
    void remember(std::string const& url, std::string etag, std::string_view timestamp);

    // Until when it wants to be left alone; nothing = it may be asked at `now`.
    std::optional<Time> rests_until(std::string const& url, Time now) const;
    void rest(std::string const& url, Time until);

    // Of servers that are not configured any more nothing is kept.
    void keep(std::vector<std::string> const& urls);

    // Writes it if it has changed.
    base::Result<void> save();

private:
    struct Server {
        std::string etag;
        std::string timestamp; // SHA-256
        std::optional<Time> rests_until;

        bool operator==(Server const&) const = default;
    };

    using Servers = std::map<std::string, Server>; // by URL

    ServerBook(std::filesystem::path file, Servers servers)
        : file_(std::move(file)),
          servers_(std::move(servers)),
          saved_(servers_) {}

    std::filesystem::path file_;
    Servers servers_;
    Servers saved_;
};

} // namespace livepatch::fetch
