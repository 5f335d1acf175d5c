#include "kernel/tracefs.hpp"

#include <algorithm>
#include <system_error>

namespace livepatch::kernel {

namespace {

constexpr std::string_view blanks = " \t";

std::string_view without_blanks(std::string_view text) {
    text.remove_prefix(std::min(text.size(), text.find_first_not_of(blanks)));
    return text;
}

} // namespace

std::filesystem::path tracefs(Root const& root) {
    std::error_code ignored;
    auto const own = root.sys / "kernel/tracing";
    auto const old = root.sys / "kernel/debug/tracing";
    bool const only_old = !std::filesystem::exists(own / "trace", ignored) &&
                          std::filesystem::exists(old / "trace", ignored);
    return only_old ? old : own;
}

ListedFunction listed_function(std::string_view line) {
    ListedFunction listed;
    listed.name = line.substr(0, line.find_first_of(blanks));
    listed.rest = without_blanks(line.substr(listed.name.size()));
    if (!listed.rest.starts_with('['))
        return listed;
    auto const end = listed.rest.find(']');
    if (end == std::string_view::npos)
        return listed;
    listed.object = listed.rest.substr(1, end - 1);
    listed.rest = without_blanks(listed.rest.substr(end + 1));
    return listed;
}

} // namespace livepatch::kernel
