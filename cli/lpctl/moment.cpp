#include "lpctl/moment.hpp"

#include "base/quantity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <ctime>
#include <optional>

namespace livepatch::lpctl {

namespace {

using Time = std::chrono::system_clock::time_point;

base::Error not_a_time(std::string_view text) {
    return {
        .code = base::Errc::invalid_argument,
        .subject = std::string(text),
        .cause = "not a time",
        .remedy = "write 2h, 7d, today, yesterday, 2026-11-26 or '2026-11-26 19:04'"};
}

std::optional<Time> seconds_since_1970(std::string_view text) {
    constexpr std::int64_t most = 9'000'000'000; // of what the clock can show
    std::int64_t seconds = 0;
    auto const* end = text.data() + text.size();
    auto const [stop, failed] = std::from_chars(text.data(), end, seconds);
    bool const whole = failed == std::errc() && stop == end;
    if (!whole || seconds < 0 || seconds > most)
        return std::nullopt;
    return Time(std::chrono::seconds(seconds));
}

std::optional<Time> midnight(Time time, int days_ago) {
    auto const seconds = std::chrono::system_clock::to_time_t(time);
    std::tm parts = {};
    ::localtime_r(&seconds, &parts);
    parts.tm_mday -= days_ago;
    parts.tm_hour = parts.tm_min = parts.tm_sec = 0;
    parts.tm_isdst = -1;
    return std::chrono::system_clock::from_time_t(::mktime(&parts));
}

// strptime takes the 31st of any month, and mktime makes another day of it.
std::optional<Time> in_calendar(std::tm parts, bool utc) {
    auto const day = parts.tm_mday;
    parts.tm_isdst = -1;
    auto const seconds = utc ? ::timegm(&parts) : ::mktime(&parts);
    if (parts.tm_mday != day || seconds < 0)
        return std::nullopt;
    return std::chrono::system_clock::from_time_t(seconds);
}

std::optional<Time> date(std::string text) {
    constexpr std::array forms{
        "%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"};
    bool const utc = text.ends_with('Z');
    if (utc)
        text.pop_back();
    if (text.find('-') != 4) // a year has four digits
        return std::nullopt;
    for (auto const* form : forms) {
        std::tm parts = {};
        auto const* end = ::strptime(text.c_str(), form, &parts);
        if (end != nullptr && *end == '\0')
            return in_calendar(parts, utc);
    }
    return std::nullopt;
}

} // namespace

base::Result<Time> parse_moment(std::string_view text, Time now) {
    std::optional<Time> time;
    if (text == "today")
        time = midnight(now, 0);
    else if (text == "yesterday")
        time = midnight(now, 1);
    else if (text.starts_with('@'))
        time = seconds_since_1970(text.substr(1));
    else if (auto const ago = base::parse_duration(text))
        time = std::max(Time(), now - *ago);
    else
        time = date(std::string(text));
    return time ? base::Result<Time>(*time) : not_a_time(text);
}

std::string moment_text(Time time) {
    if (time == Time())
        return {};
    auto const seconds = std::chrono::system_clock::to_time_t(time);
    std::tm parts = {};
    ::localtime_r(&seconds, &parts);
    std::array<char, 32> text{};
    auto const size = std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &parts);
    return {text.data(), size};
}

} // namespace livepatch::lpctl
