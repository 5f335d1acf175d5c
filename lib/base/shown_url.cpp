#include "base/shown_url.hpp"

#include <algorithm>
#include <string_view>

namespace livepatch::base {

std::string shown_url(std::string url) {
    constexpr std::string_view before_authority = "://";
    auto const scheme = url.find(before_authority);
    if (scheme == std::string::npos)
        return url;
    auto const begin = scheme + before_authority.size();
    auto const end = std::min(url.find_first_of("/?#", begin), url.size());
    auto const user = url.substr(0, end).rfind('@');
    if (user != std::string::npos && user >= begin)
        url.erase(begin, user + 1 - begin);
    return url;
}

} // namespace livepatch::base
