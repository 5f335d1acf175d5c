#include "repository/words.hpp"

#include "base/quantity.hpp"
#include "base/text.hpp"
#include "module/modinfo.hpp"
#include "trust/tuf/header.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace livepatch::repository {

namespace {

bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_made_of(std::string_view text, std::string_view extra, std::size_t longest) {
    return !text.empty() && text.size() <= longest &&
           std::all_of(text.begin(), text.end(), [&](char c) {
               return is_letter_or_digit(c) || extra.find(c) != std::string_view::npos;
           });
}

bool is_hex(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    });
}

} // namespace

bool is_id(std::string_view text) {
    return is_made_of(text, "._-", 64) && text.front() != '.';
}

bool is_release(std::string_view text) {
    return is_made_of(text, "._+~-", 64);
}

bool is_arch(std::string_view text) {
    return is_made_of(text, "_", 32);
}

bool is_sha256(std::string_view text) {
    return text.size() == 64 && is_hex(text);
}

bool is_build_id(std::string_view text) {
    return !text.empty() && text.size() <= 128 && text.size() % 2 == 0 && is_hex(text);
}

bool is_severity(std::string_view text) {
    constexpr std::array<std::string_view, 6> words{
        "low", "moderate", "medium", "important", "high", "critical"};
    return std::find(words.begin(), words.end(), text) != words.end();
}

bool is_object(std::string_view text) {
    return module::is_module_name(text);
}

// Symbols may have suffixes of the compiler: f.isra.0, f.cold.
bool is_function(std::string_view text) {
    return is_made_of(text, "_.$", 512);
}

bool is_text(std::string_view text) {
    return text.size() <= 8192;
}

bool is_moment(std::string_view text) {
    return trust::tuf::parse_time(text).has_value();
}

bool is_span(std::string_view text) {
    return base::parse_duration(text).has_value();
}

bool is_target_path(std::string_view text) {
    if (!is_made_of(text, "._+~/-", 512))
        return false;
    auto const parts = base::split(text, '/');
    return std::none_of(parts.begin(), parts.end(), [](std::string_view part) {
        return part.empty() || part.front() == '.';
    });
}

} // namespace livepatch::repository
