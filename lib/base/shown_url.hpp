// A URL for logs and terminals.
#pragma once

#include <string>

namespace livepatch::base {

// Without the user and the password that it may have (RFC 3986, 3.2.1).
std::string shown_url(std::string url);

} // namespace livepatch::base
