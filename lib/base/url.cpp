#include "base/url.hpp"

#include <algorithm>
#include <optional>

namespace livepatch::base {

namespace {

constexpr std::string_view before_authority = "://";

// Where the authority begins and ends; nothing: there is none.
struct Authority {
    std::size_t begin = 0;
    std::size_t end = 0;
};

std::optional<Authority> authority_of(std::string_view url) {
    auto const scheme = url.find(before_authority);
    if (scheme == std::string_view::npos)
        return std::nullopt;
    auto const begin = scheme + before_authority.size();
    return Authority{begin, std::min(url.find_first_of("/?#", begin), url.size())};
}

bool is_port(std::string_view text) {
    constexpr std::size_t most_digits = 5;
    return text.size() <= most_digits &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

} // namespace

std::string shown_url(std::string url) {
    auto const authority = authority_of(url);
    if (!authority)
        return url;
    auto const user = url.substr(0, authority->end).rfind('@');
    if (user != std::string::npos && user >= authority->begin)
        url.erase(authority->begin, user + 1 - authority->begin);
    return url;
}

bool names_host(std::string_view url) {
    auto const authority = authority_of(url);
    if (!authority)
        return false;
    auto server = url.substr(authority->begin, authority->end - authority->begin);
    if (auto const user = server.find('@'); user != std::string_view::npos)
        server.remove_prefix(user + 1);
    // An IPv6 address has colons within its brackets.
    auto const bracket = server.rfind(']');
    auto const colon = server.find(':', bracket == std::string_view::npos ? 0 : bracket);
    auto const host = server.substr(0, colon);
    auto const port =
        colon == std::string_view::npos ? std::string_view() : server.substr(colon + 1);
    return !host.empty() && host.find('@') == std::string_view::npos && is_port(port);
}

} // namespace livepatch::base
