#include "base/quantity.hpp"

#include <array>
#include <charconv>
#include <utility>

namespace livepatch::base {

namespace {

using Unit = std::pair<std::string_view, std::int64_t>;

constexpr std::array<Unit, 4> time_units{Unit{"s", 1}, {"min", 60}, {"h", 3600}, {"d", 86'400}};
constexpr std::array<Unit, 4> size_units{
    Unit{"", 1}, {"K", 1LL << 10}, {"M", 1LL << 20}, {"G", 1LL << 30}};
constexpr std::int64_t century = 100LL * 366 * 86'400;
constexpr std::int64_t exbibyte = 1LL << 60;

template <std::size_t N>
std::optional<std::int64_t>
parse_number_with_unit(std::string_view text, std::array<Unit, N> const& units, std::int64_t most) {
    std::int64_t number = 0;
    auto const [rest, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed != std::errc() || text.front() == '-') // from_chars takes "-0"
        return std::nullopt;
    auto const unit = text.substr(static_cast<std::size_t>(rest - text.data()));
    for (auto const& [name, factor] : units)
        if (unit == name)
            return number <= most / factor ? std::optional(number * factor) : std::nullopt;
    return std::nullopt;
}

} // namespace

std::optional<std::chrono::seconds> parse_duration(std::string_view text) {
    auto const seconds = parse_number_with_unit(text, time_units, century);
    return seconds ? std::optional(std::chrono::seconds(*seconds)) : std::nullopt;
}

std::optional<std::int64_t> parse_size(std::string_view text) {
    return parse_number_with_unit(text, size_units, exbibyte);
}

} // namespace livepatch::base
