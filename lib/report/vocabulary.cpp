#include "report/vocabulary.hpp"

#include <array>
#include <cstddef>

namespace livepatch::report {

namespace {

template <class Enum>
inline constexpr auto words = nullptr;

template <>
inline constexpr std::array<std::string_view, 9> words<Disposition>{
    "unmanaged",
    "quarantined",
    "withdrawn",
    "held",
    "rejected",
    "replaced",
    "managed",
    "scheduled",
    "available"};

template <>
inline constexpr std::array<std::string_view, 5> words<Health>{
    "ok", "pending", "degraded", "insecure", "unsupported"};

template <>
inline constexpr std::array<std::string_view, 2> words<Mode>{"automatic", "manual"};

template <>
inline constexpr std::array<std::string_view, 5> words<Stage>{
    "idle", "refreshing", "verifying", "loading", "transitioning"};

template <>
inline constexpr std::array<std::string_view, 4> words<Probation>{
    "none", "running", "passed", "failed"};

template <>
inline constexpr std::array<std::string_view, 3> words<Replace>{"no", "yes", "unknown"};

template <class Enum>
std::string_view word_of(Enum value) {
    return words<Enum>.at(static_cast<std::size_t>(value));
}

} // namespace

std::string_view name(Disposition value) {
    return word_of(value);
}

std::string_view name(Health value) {
    return word_of(value);
}

std::string_view name(Mode value) {
    return word_of(value);
}

std::string_view name(Stage value) {
    return word_of(value);
}

std::string_view name(Probation value) {
    return word_of(value);
}

std::string_view name(Replace value) {
    return word_of(value);
}

template <class Enum>
std::optional<Enum> from_name(std::string_view word) {
    for (std::size_t i = 0; i < words<Enum>.size(); ++i)
        if (words<Enum>[i] == word)
            return static_cast<Enum>(i);
    return std::nullopt;
}

template std::optional<Disposition> from_name(std::string_view);
template std::optional<Health> from_name(std::string_view);
template std::optional<Mode> from_name(std::string_view);
template std::optional<Stage> from_name(std::string_view);
template std::optional<Probation> from_name(std::string_view);
template std::optional<Replace> from_name(std::string_view);

} // namespace livepatch::report
