#include "lpctl/duration.hpp"

#include "base/quantity.hpp"

#include <fmt/format.h>

#include <ctime>

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

} // namespace

base::Result<seconds> parse_timeout(std::string_view text) {
    constexpr std::chrono::hours most{10 * 366 * 24};
    auto duration = base::parse_duration(text);
    if (!duration)
        duration = base::parse_duration(std::string(text) + 's');
    return duration && *duration <= most ? base::Result<seconds>(*duration) : not_a_duration(text);
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
