#include "publish/names.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace livepatch::publish {

namespace {

bool is_made_of(std::string_view text, std::string_view extra, std::size_t longest) {
    return !text.empty() && text.size() <= longest && std::ranges::all_of(text, [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               extra.find(c) != std::string_view::npos;
    });
}

} // namespace

bool is_patch_id(std::string_view text) {
    return is_made_of(text, "._-", 64) && text.front() != '.';
}

bool is_release(std::string_view text) {
    return is_made_of(text, "._+~-", 64) && text != "." && text != "..";
}

bool is_build_id(std::string_view text) {
    return !text.empty() && text.size() <= 128 && text.size() % 2 == 0 &&
           std::ranges::all_of(text, [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           });
}

bool is_catalogue_path(std::string_view path) {
    return path.starts_with("catalog/") && path.ends_with(".json");
}

std::string catalogue_path(std::string_view release) {
    return fmt::format("catalog/{}/{}.json", machine, release);
}

std::string module_path(std::string_view release, std::string_view id) {
    return fmt::format("modules/{}/{}/{}.ko", machine, release, id);
}

} // namespace livepatch::publish
