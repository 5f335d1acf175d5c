// livepatch-fetch: brings what repositories on web servers have for this host into their mirrors.
#pragma once

#include "configuration.hpp"
#include "fetch/source_fetch.hpp"
#include "fetch/voice.hpp"

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <string>

namespace livepatch::fetch {

struct Context {
    std::ostream& out; // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
    std::ostream& err; // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
    Voice::Style style = {};
    daemon::ConfigurationPaths configuration = {};
    std::filesystem::path modules = "/lib/modules";
    std::string release = {}; // of the running kernel
    // What it says of kernels, mirrors and sizes comes from the configuration.
    Fetcher fetcher = {};
    // Before anything is read: becomes the user that this is for.
    std::function<base::Result<void>()> leave_root = {};
};

// Does what `argv` says and returns the exit status: 0 all is here, 2 the command line is wrong, 3
// there is no such source; else, of the first source that failed, lpctl's (1, or 6: refused).
int run(int argc, char const* const* argv, Context& context);

} // namespace livepatch::fetch
