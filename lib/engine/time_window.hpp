// When patches may be applied by themselves, in local time.
#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string_view>

namespace livepatch::engine {

class TimeWindow {
public:
    using Time = std::chrono::system_clock::time_point;

    // "Mon..Fri 22:00-04:00", "Sat 10:00-12:00" or "01:00-05:00". The day is the one on which it
    // begins; an end that is not after the beginning is on the next day. Nothing for anything else.
    static std::optional<TimeWindow> parse(std::string_view text);

    bool contains(Time time) const;

    // When it opens next after `time`.
    Time next_opening(Time time) const;

private:
    struct Span {
        Time from;
        Time to;
    };

    std::optional<Span> span_of_day(Time time, int days_later) const;

    std::array<bool, 7> days_{}; // on which it begins, Sunday first
    int from_ = 0;               // minutes since midnight
    int to_ = 0;
};

} // namespace livepatch::engine
