// URLs of web servers (RFC 3986), as far as something here looks into them.
#pragma once

#include <string>
#include <string_view>

namespace livepatch::base {

// For logs and terminals: without the user and the password that it may have (3.2.1).
std::string shown_url(std::string url);

// Whether it names a host, and what stands behind that is a port. Of one that does not, a program
// that complains of it may show what was meant to be a password: in that "/", "?", "#" and "@" have
// to be written as %2F, %3F, %23 and %40.
bool names_host(std::string_view url);

} // namespace livepatch::base
