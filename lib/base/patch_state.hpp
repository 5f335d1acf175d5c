// The states of a livepatch in the kernel, as all layers name them.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace livepatch::base {

enum class PatchState {
    absent,    // not loaded
    enabling,  // loading, or tasks still move to the patched state
    enabled,   // every task runs the patched code
    disabling, // tasks still move back
    disabled,  // loaded, no code patched: a leftover that can be removed
};

inline constexpr std::array<std::string_view, 5> patch_state_names{
    "absent", "enabling", "enabled", "disabling", "disabled"};

constexpr std::string_view name(PatchState state) {
    return patch_state_names[static_cast<std::size_t>(state)];
}

constexpr std::optional<PatchState> patch_state(std::string_view word) {
    for (std::size_t i = 0; i < patch_state_names.size(); ++i)
        if (patch_state_names[i] == word)
            return static_cast<PatchState>(i);
    return std::nullopt;
}

constexpr bool in_transition(PatchState state) {
    return state == PatchState::enabling || state == PatchState::disabling;
}

} // namespace livepatch::base
