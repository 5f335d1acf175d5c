#include "engine/state.hpp"

#include <algorithm>
#include <utility>

namespace livepatch::engine {

LoadRecord const* State::find_load(std::string_view name, std::string_view boot_id) const {
    auto const found = std::find_if(loads.begin(), loads.end(), [&](auto const& load) {
        return load.name == name && load.boot_id == boot_id;
    });
    return found == loads.end() ? nullptr : &*found;
}

LoadRecord* State::find_load(std::string_view name, std::string_view boot_id) {
    return const_cast<LoadRecord*>(std::as_const(*this).find_load(name, boot_id)); // NOLINT: ours
}

Hold const* State::find_hold(std::string_view sha256) const {
    auto const found = std::find_if(holds.begin(), holds.end(), [&](auto const& hold) {
        return hold.sha256 == sha256;
    });
    return found == holds.end() || sha256.empty() ? nullptr : &*found;
}

Hold const* State::find_hold_of(std::string_view id, std::string_view name) const {
    auto const found = std::find_if(holds.begin(), holds.end(), [&](auto const& hold) {
        return !hold.id.empty() && (hold.id == id || hold.id == name);
    });
    return found == holds.end() ? nullptr : &*found;
}

Pin const* State::find_pin(std::string_view sha256) const {
    auto const found = std::find_if(pins.begin(), pins.end(), [&](auto const& pin) {
        return pin.sha256 == sha256;
    });
    return found == pins.end() || sha256.empty() ? nullptr : &*found;
}

Quarantine const* State::find_quarantine(std::string_view sha256) const {
    auto const found = std::find_if(quarantines.begin(), quarantines.end(), [&](auto const& one) {
        return one.sha256 == sha256;
    });
    return found == quarantines.end() || sha256.empty() ? nullptr : &*found;
}

bool State::is_good(std::string_view sha256, std::string_view kernel) const {
    return std::any_of(good.begin(), good.end(), [&](auto const& verdict) {
        return verdict.sha256 == sha256 && verdict.kernel == kernel;
    });
}

void State::put(LoadRecord record) {
    drop_load(record.name, record.boot_id);
    loads.push_back(std::move(record));
}

void State::drop_load(std::string_view name, std::string_view boot_id) {
    std::erase_if(loads, [&](auto const& load) {
        return load.name == name && load.boot_id == boot_id;
    });
}

void State::put(Hold hold) {
    bool const known = std::any_of(holds.begin(), holds.end(), [&](auto const& other) {
        return other.id == hold.id && other.sha256 == hold.sha256;
    });
    if (!known)
        holds.push_back(std::move(hold));
}

bool State::drop_hold(std::string_view sha256) {
    return std::erase_if(holds, [&](auto const& hold) {
               return hold.id.empty() && hold.sha256 == sha256;
           }) != 0;
}

void State::put(Quarantine quarantine) {
    auto const* known = find_quarantine(quarantine.sha256);
    bool const heavier = known != nullptr && known->cause == Quarantine::Cause::stall &&
                         quarantine.cause != Quarantine::Cause::stall;
    if (known != nullptr && !heavier)
        return;
    drop_quarantine(quarantine.sha256);
    quarantines.push_back(std::move(quarantine));
}

bool State::drop_quarantine(std::string_view sha256) {
    return std::erase_if(quarantines, [&](auto const& one) { return one.sha256 == sha256; }) != 0;
}

void State::put(GoodVerdict verdict) {
    constexpr std::size_t most = 256; // years of patches
    for (auto& known : good)
        if (known.sha256 == verdict.sha256 && known.kernel == verdict.kernel) {
            verdict.since = known.since;
            known = std::move(verdict);
            return;
        }
    good.push_back(std::move(verdict));
    if (good.size() > most)
        good.erase(good.begin());
}

bool is_in_use(Stage stage) {
    switch (stage) {
    case Stage::intended:
    case Stage::loaded:
    case Stage::enabled:
        return true;
    case Stage::reverting:
    case Stage::replaced:
        return false;
    }
    return false;
}

} // namespace livepatch::engine
