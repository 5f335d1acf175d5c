// The configuration, as an administrator may have written it: livepatchd.toml and a file of
// repos.d.
#include "configuration_reader.hpp"
#include "fuzzer.hpp"

#include <string>
#include <string_view>

using namespace livepatch;

namespace {

void check(std::vector<base::Error> const& problems) {
    for (auto const& problem : problems) {
        auto const said = describe(problem);
        fuzz::must_hold(said.starts_with("/etc/x.toml"), "a problem names its file");
        fuzz::must_hold(said.find('\n') == std::string::npos, "a problem is one line");
    }
}

} // namespace

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text(reinterpret_cast<char const*>(data), size); // NOLINT
    daemon::Configuration configuration;
    check(daemon::read_main_file(text, "/etc/x.toml", configuration));
    fuzz::must_hold(configuration.transition.retries >= 0, "numbers are within their bounds");
    fuzz::must_hold(configuration.history.keep.count() >= 0, "durations are not negative");
    auto const reading = daemon::read_source_file(text, "/etc/x.toml", "6.1");
    check(reading.problems);
    if (reading.source) {
        fuzz::must_hold(reading.problems.empty(), "a source with a problem is none");
        fuzz::must_hold(reading.source->path.is_absolute(), "a source has an absolute path");
    }
    return 0;
}
