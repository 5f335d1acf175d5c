#include "trust/tuf/file_name.hpp"

#include "base/text.hpp"
#include "trust/tuf/limits.hpp"
#include "trust/tuf/refusal.hpp"

#include <algorithm>

namespace livepatch::trust::tuf {

namespace {

bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-' || c == '~';
}

bool is_safe_path(std::string_view path) {
    auto const components = base::split(path, '/');
    return path.size() <= longest_target_path && path.find('\0') == std::string_view::npos &&
           std::none_of(components.begin(), components.end(), [](std::string_view component) {
               return component.empty() || component == "." || component == "..";
           });
}

} // namespace

std::string percent_encoded(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (char const c : text) {
        if (is_plain(c)) {
            out += c;
            continue;
        }
        auto const byte = static_cast<unsigned char>(c);
        out += {'%', digits[byte >> 4U], digits[byte & 0xfU]};
    }
    return out;
}

std::string file_name(std::string_view role) {
    return percent_encoded(role) + ".json";
}

std::string versioned_file_name(std::int64_t version, std::string_view role) {
    return std::to_string(version) + '.' + file_name(role);
}

base::Result<std::string> target_file_name(Target const& target, bool hash_prefix) {
    if (!is_safe_path(target.path))
        return refusal(target.path, "no path of a file in a repository");
    if (!hash_prefix)
        return target.path;
    auto const& hash = target.hashes.sha256.empty() ? target.hashes.sha512 : target.hashes.sha256;
    auto const slash = target.path.rfind('/');
    auto const name = slash == std::string::npos ? 0 : slash + 1;
    return target.path.substr(0, name) + hash + '.' + target.path.substr(name);
}

} // namespace livepatch::trust::tuf
