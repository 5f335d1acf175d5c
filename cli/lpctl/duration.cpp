#include "lpctl/duration.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <ctime>
#include <utility>

namespace livepatch::lpctl {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

base::Error not_a_duration(std::string_view text) {
    return {
        .code = base::Errc::invalid_argument,
        .subject = std::string(text),
        .cause = "not a duration",
        .remedy = "write a whole number and s, min, h or d: 90s, 5min"};
}

constexpr std::array<std::pair<std::string_view, std::int64_t>, 4> units{
    {{"s", 1}, {"min", 60}, {"h", 3600}, {"d", 86400}}};

} // namespace

base::Result<seconds> parse_duration(std::string_view text) {
    constexpr std::int64_t most = 10LL * 366 * 86400;
    std::int64_t number = -1;
    auto const [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed != std::errc() || number < 0 || number > most || text.front() == '-')
        return not_a_duration(text);
    auto const unit = text.substr(static_cast<std::size_t>(end - text.data()));
    if (unit.empty() && number == 0)
        return seconds(0);
    for (auto const& [name, factor] : units)
        if (unit == name && number <= most / factor)
            return seconds(number * factor);
    return not_a_duration(text);
}

std::string duration_text(milliseconds duration) {
    auto const ms = duration.count();
    auto const s = ms / 1000;
    if (ms < 1000)
        return fmt::format("{} ms", ms);
    if (ms < 10'000)
        return fmt::format("{}.{} s", s, ms / 100 % 10);
    if (s < 60)
        return fmt::format("{} s", s);
    if (s < 3600)
        return fmt::format("{} min {} s", s / 60, s % 60);
    if (s < 2LL * 86400)
        return fmt::format("{} h {} min", s / 3600, s / 60 % 60);
    return fmt::format("{} days", s / 86400);
}

std::string whole_seconds(milliseconds duration) {
    auto const s = duration.count() / 1000;
    return s < 60 ? fmt::format("{} s", s) : duration_text(duration);
}

std::string
since_text(std::chrono::system_clock::time_point time, std::chrono::system_clock::time_point now) {
    if (time == std::chrono::system_clock::time_point())
        return {};
    auto const seconds_since_epoch = std::chrono::system_clock::to_time_t(time);
    std::tm parts = {};
    ::localtime_r(&seconds_since_epoch, &parts);
    auto text = fmt::format(
        "{:04}-{:02}-{:02} {:02}:{:02}",
        parts.tm_year + 1900,
        parts.tm_mon + 1,
        parts.tm_mday,
        parts.tm_hour,
        parts.tm_min
    );
    // To the second, as the times in the report are.
    auto const ago = std::chrono::floor<seconds>(now - time);
    if (ago < seconds(0))
        return text; // the clock was set back
    if (ago < seconds(10))
        return text + " (just now)";
    return text + " (" + whole_seconds(ago) + " ago)";
}

} // namespace livepatch::lpctl
