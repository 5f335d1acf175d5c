#include "fetch/server_book.hpp"

#include "base/atomic_file.hpp"
#include "base/file.hpp"
#include "base/sha256.hpp"
#include "base/strict_json.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <utility>

namespace livepatch::fetch {

namespace {

using nlohmann::json;

std::string text_in(json const& object, char const* key) {
    auto const found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

} // namespace

ServerBook ServerBook::load(std::filesystem::path file) {
    Servers servers;
    auto const text = base::read_file(file);
    auto const object = base::parse_strict_json(text ? *text : "{}", file.string());
    if (object && object->is_object())
        for (auto const& [url, server] : object->items())
            if (server.is_object())
                servers.emplace(
                    url,
                    Server{
                        .etag = text_in(server, "etag"),
                        .timestamp = text_in(server, "timestamp"),
                        .rests_until = trust::tuf::parse_time(text_in(server, "rests_until"))}
                );
    return {std::move(file), std::move(servers)};
}

std::string ServerBook::etag(std::string const& url, std::string_view timestamp) const {
    auto const server = servers_.find(url);
    bool const is_known =
        server != servers_.end() && server->second.timestamp == base::sha256(timestamp);
    return is_known ? server->second.etag : std::string();
}

void ServerBook::remember(std::string const& url, std::string etag, std::string_view timestamp) {
    auto& server = servers_[url];
    server.etag = std::move(etag);
    server.timestamp = base::sha256(timestamp);
}

// However it was put there: for longer than a day no server is left alone.
std::optional<Time> ServerBook::rests_until(std::string const& url, Time now) const {
    auto const server = servers_.find(url);
    if (server == servers_.end() || !server->second.rests_until)
        return std::nullopt;
    auto const until = *server->second.rests_until;
    bool const rests = until > now && until <= now + std::chrono::hours(24);
    return rests ? std::optional(until) : std::nullopt;
}

void ServerBook::rest(std::string const& url, Time until) {
    servers_[url].rests_until = until;
}

void ServerBook::keep(std::vector<std::string> const& urls) {
    std::erase_if(servers_, [&](auto const& server) {
        return std::find(urls.begin(), urls.end(), server.first) == urls.end();
    });
}

base::Result<void> ServerBook::save() {
    if (servers_ == saved_)
        return {};
    auto object = json::object();
    for (auto const& [url, server] : servers_) {
        auto& one = object[url] = json::object();
        one["etag"] = server.etag;
        one["timestamp"] = server.timestamp;
        one["rests_until"] = server.rests_until ? base::rfc3339(*server.rests_until) : "";
    }
    constexpr auto replace = json::error_handler_t::replace; // a server may call it anything
    auto written = base::replace_file(
        file_, object.dump(2, ' ', false, replace) + '\n', 0600, base::Durability::power_cut
    );
    if (written)
        saved_ = servers_;
    return written;
}

} // namespace livepatch::fetch
