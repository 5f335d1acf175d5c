// What things are called in a catalogue, and where they lie in the repository.
#pragma once

#include <string>
#include <string_view>

namespace livepatch::publish {

inline constexpr std::string_view catalogue_schema = "livepatchd.catalog/1";
inline constexpr std::string_view brake_schema = "livepatchd.brake/1";
inline constexpr auto brake_role = "brake";
inline constexpr auto brake_path = "brake.json";

// As `uname -m` has it: modules are for the machine that this program is for.
inline constexpr std::string_view machine =
#if defined(__x86_64__)
    "x86_64";
#elif defined(__aarch64__)
    "aarch64";
#elif defined(__powerpc64__)
    "ppc64le";
#elif defined(__s390x__)
    "s390x";
#else
#error "a machine without livepatching"
#endif

// 1 to 64 of [A-Za-z0-9._-], no dot in front.
bool is_patch_id(std::string_view text);

// 1 to 64 of [A-Za-z0-9._+~-].
bool is_release(std::string_view text);

// Hex of at most 64 bytes.
bool is_build_id(std::string_view text);

bool is_catalogue_path(std::string_view path);

std::string catalogue_path(std::string_view release);
std::string module_path(std::string_view release, std::string_view id);

} // namespace livepatch::publish
