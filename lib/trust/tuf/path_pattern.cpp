#include "trust/tuf/path_pattern.hpp"

#include "base/text.hpp"

#include <cstddef>
#include <optional>

namespace livepatch::trust::tuf {

namespace {

// One character of the pattern against one of the text; how much of the pattern it took, nothing
// when it does not match.
std::optional<std::size_t> match_one(std::string_view pattern, char c) {
    if (pattern.front() == '?')
        return 1;
    // "[]a]" and "[!]a]" hold a bracket; without an end, a bracket stands for itself.
    bool const negated = pattern.size() > 1 && pattern[1] == '!';
    std::size_t const first = negated ? 2 : 1;
    auto const end = pattern.front() == '[' ? pattern.find(']', first + 1) : std::string_view::npos;
    if (end == std::string_view::npos)
        return pattern.front() == c ? std::optional<std::size_t>(1) : std::nullopt;
    bool found = false;
    for (std::size_t i = first; i < end; ++i) {
        bool const is_range = i + 2 < end && pattern[i + 1] == '-';
        auto const last = is_range ? pattern[i + 2] : pattern[i];
        found = found || (c >= pattern[i] && c <= last);
        i += is_range ? 2 : 0;
    }
    return found != negated ? std::optional(end + 1) : std::nullopt;
}

// Of what follows a '*', the last one that was seen is all that has to be tried again.
bool matches_component(std::string_view text, std::string_view pattern) {
    std::optional<std::string_view> after_star;
    std::string_view rest; // of the text, from where that star is tried next
    while (!text.empty()) {
        if (!pattern.empty() && pattern.front() == '*') {
            pattern.remove_prefix(1);
            after_star = pattern;
            rest = text;
            continue;
        }
        auto const taken = pattern.empty() ? std::nullopt : match_one(pattern, text.front());
        if (taken) {
            pattern.remove_prefix(*taken);
            text.remove_prefix(1);
        } else if (after_star) {
            rest.remove_prefix(1);
            text = rest;
            pattern = *after_star;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*') == std::string_view::npos;
}

} // namespace

bool matches_pattern(std::string_view path, std::string_view pattern) {
    auto const texts = base::split(path, '/');
    auto const patterns = base::split(pattern, '/');
    if (texts.size() != patterns.size())
        return false;
    for (std::size_t i = 0; i < texts.size(); ++i)
        if (!matches_component(texts[i], patterns[i]))
            return false;
    return true;
}

} // namespace livepatch::trust::tuf
