#include "engine/time_window.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>

namespace livepatch::engine {

namespace {

constexpr int minutes_an_hour = 60;

std::optional<std::size_t> day_of(std::string_view text) {
    constexpr std::array<std::string_view, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    auto const* const found = std::find(days.begin(), days.end(), text);
    if (found == days.end())
        return std::nullopt;
    return static_cast<std::size_t>(found - days.begin());
}

std::optional<int> two_digits(std::string_view text, int limit) {
    int value = -1;
    auto const* end = text.data() + text.size();
    bool const digits = text.size() == 2 && text[0] >= '0' && text[0] <= '9' &&
                        std::from_chars(text.data(), end, value).ptr == end;
    return digits && value < limit ? std::optional(value) : std::nullopt;
}

// "HH:MM", in minutes since midnight.
std::optional<int> time_of(std::string_view text) {
    if (text.size() != 5 || text[2] != ':')
        return std::nullopt;
    auto const hour = two_digits(text.substr(0, 2), 24);
    auto const minute = two_digits(text.substr(3), minutes_an_hour);
    if (!hour || !minute)
        return std::nullopt;
    return *hour * minutes_an_hour + *minute;
}

// "Mon" or "Fri..Mon".
std::optional<std::array<bool, 7>> days_of(std::string_view text) {
    auto const dots = text.find("..");
    auto const first = day_of(text.substr(0, dots));
    auto const last = dots == text.npos ? first : day_of(text.substr(dots + 2));
    if (!first || !last)
        return std::nullopt;
    std::array<bool, 7> days{};
    for (auto day = *first;; day = (day + 1) % days.size()) {
        days.at(day) = true;
        if (day == *last)
            return days;
    }
}

} // namespace

std::optional<TimeWindow> TimeWindow::parse(std::string_view text) {
    TimeWindow window;
    window.days_.fill(true);
    if (auto const space = text.find(' '); space != text.npos) {
        auto const days = days_of(text.substr(0, space));
        if (!days)
            return std::nullopt;
        window.days_ = *days;
        text.remove_prefix(space + 1);
    }
    auto const dash = text.find('-');
    if (dash == text.npos)
        return std::nullopt;
    auto const from = time_of(text.substr(0, dash));
    auto const to = time_of(text.substr(dash + 1));
    if (!from || !to)
        return std::nullopt;
    window.from_ = *from;
    window.to_ = *to;
    return window;
}

// The window that begins so many days after the day of `time`; nothing when none does.
std::optional<TimeWindow::Span> TimeWindow::span_of_day(Time time, int days_later) const {
    auto const now = std::chrono::system_clock::to_time_t(time);
    std::tm day{};
    ::localtime_r(&now, &day);
    // mktime puts right what is beyond a month's end, and knows when clocks are changed.
    auto const at = [&](int days, int minutes) {
        std::tm moment{};
        moment.tm_year = day.tm_year;
        moment.tm_mon = day.tm_mon;
        moment.tm_mday = day.tm_mday + days;
        moment.tm_min = minutes;
        moment.tm_isdst = -1;
        return std::chrono::system_clock::from_time_t(std::mktime(&moment));
    };
    constexpr int week = 7;
    auto const weekday = static_cast<std::size_t>((day.tm_wday + days_later + week) % week);
    if (!days_.at(weekday))
        return std::nullopt;
    bool const over_midnight = to_ <= from_;
    return Span{at(days_later, from_), at(days_later + (over_midnight ? 1 : 0), to_)};
}

bool TimeWindow::contains(Time time) const {
    for (int const day : {-1, 0})
        if (auto const span = span_of_day(time, day); span && time >= span->from && time < span->to)
            return true;
    return false;
}

TimeWindow::Time TimeWindow::next_opening(Time time) const {
    constexpr int week = 7;
    for (int day = 0; day <= week; ++day)
        if (auto const span = span_of_day(time, day); span && span->from > time)
            return span->from;
    return time + std::chrono::hours(24 * week); // there is one a week at least
}

} // namespace livepatch::engine
