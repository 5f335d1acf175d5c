#include "trust/tuf/header.hpp"

#include <algorithm>
#include <charconv>

namespace livepatch::trust::tuf {

namespace {

constexpr std::string_view form = "0000-00-00T00:00:00Z";
constexpr std::size_t longest_word = 64;

bool has_form(std::string_view text) {
    return text.size() == form.size() &&
           std::equal(text.begin(), text.end(), form.begin(), [](char c, char wanted) {
               return wanted == '0' ? c >= '0' && c <= '9' : c == wanted;
           });
}

// Of one major version: minor ones add what can be ignored.
bool is_known_version(std::string_view text) {
    return text == "1" || text.starts_with("1.");
}

} // namespace

std::optional<Time> parse_time(std::string_view text) {
    if (!has_form(text))
        return std::nullopt;
    auto const number = [&](std::size_t at, std::size_t digits) {
        unsigned value = 0;
        std::from_chars(text.data() + at, text.data() + at + digits, value);
        return value;
    };
    using namespace std::chrono;
    year_month_day const date(
        year(static_cast<int>(number(0, 4))), month(number(5, 2)), day(number(8, 2))
    );
    auto const hour = number(11, 2);
    auto const minute = number(14, 2);
    auto const second = number(17, 2);
    if (!date.ok() || hour > 23 || minute > 59 || second > 59)
        return std::nullopt;
    return sys_days(date) + hours(hour) + minutes(minute) + seconds(second);
}

Header Header::read(Fields const& content, std::string_view type) {
    if (content.text("_type", longest_word) != type)
        content.refuse("_type", '"' + std::string(type) + '"');
    if (!is_known_version(content.text("spec_version", longest_word)))
        content.refuse("spec_version", "\"1.\" and something");
    Header header;
    header.version = content.number("version", 1);
    header.expires_text = content.text("expires", longest_word);
    auto const expires = parse_time(header.expires_text);
    if (!expires)
        content.refuse("expires", "a time as 2026-01-31T23:59:59Z");
    header.expires = expires.value_or(Time());
    return header;
}

} // namespace livepatch::trust::tuf
