#include "engine/settle.hpp"

#include <optional>

namespace livepatch::engine {

namespace {

using base::PatchState;
using report::EventKind;

bool is_active(kernel::ObservedPatch const& patch) {
    return patch.state == PatchState::enabled || patch.state == PatchState::enabling;
}

class Settling {
public:
    Settling(State& state, Change const& change) : state_(state), change_(change) {}

    Settled run() {
        auto const names = records_of_this_boot();
        for (auto const& name : names)
            if (name != change_.in_flight)
                settle_record(*state_.find_load(name, change_.boot_id));
        return std::move(settled_);
    }

private:
    std::vector<std::string> records_of_this_boot() {
        std::vector<std::string> names;
        for (auto const& load : state_.loads)
            if (load.boot_id == change_.boot_id)
                names.push_back(load.name);
        return names;
    }

    // May drop the record.
    void settle_record(LoadRecord& record) {
        auto const* patch = change_.now.find(record.name);
        if (patch == nullptr)
            return settle_absent(record);
        switch (patch->state) {
        case PatchState::absent:
            return settle_absent(record);
        case PatchState::enabling:
            if (record.stage == Stage::intended)
                become(record, Stage::loaded);
            return;
        case PatchState::enabled:
            return settle_enabled(record);
        case PatchState::disabling:
        case PatchState::disabled:
            return settle_disabled(record);
        }
    }

    void settle_absent(LoadRecord const& record) {
        switch (record.stage) {
        case Stage::intended: // the kernel never took it
            return drop(record);
        case Stage::loaded:
        case Stage::enabled:
            if (settle_replaced(record))
                return;
            hold(record, "unloaded by another tool");
            return drop(record);
        case Stage::reverting:
            tell(EventKind::removed, record, "unloaded");
            return drop(record);
        case Stage::replaced:
            // Remembered while the patch that replaced it is there: it is not wanted meanwhile.
            if (auto const* by = change_.now.find(record.replaced_by);
                by == nullptr || !is_active(*by))
                drop(record);
            return;
        }
    }

    void settle_enabled(LoadRecord& record) {
        if (record.stage == Stage::enabled)
            return;
        become(record, Stage::enabled);
        tell(EventKind::enabled, record, "every task runs the patched code");
    }

    void settle_disabled(LoadRecord& record) {
        auto const state = change_.now.find(record.name)->state;
        switch (record.stage) {
        case Stage::intended: // a load of ours that did not come to an end
            return become(record, Stage::reverting);
        case Stage::loaded:
        case Stage::enabled:
            // A replaced patch is never itself the one in transition.
            if (state == PatchState::disabled && settle_replaced(record))
                return;
            hold(record, "disabled by another tool");
            return become(record, Stage::reverting);
        case Stage::reverting:
            if (state == PatchState::disabled && was(record.name) == PatchState::disabling)
                tell(EventKind::disabled, record, "no task runs its code any more");
            return;
        case Stage::replaced:
            return;
        }
    }

    bool settle_replaced(LoadRecord& record) {
        auto const* by = replacing_patch(record);
        if (by == nullptr)
            return false;
        record.replaced_by = by->name;
        become(record, Stage::replaced);
        tell(EventKind::replaced, record, "replaced by " + by->name);
        return true;
    }

    bool settle_replaced(LoadRecord const& record) {
        return settle_replaced(*state_.find_load(record.name, record.boot_id));
    }

    // The patch whose transition just ended or is about to, if it may be cumulative. Kernels
    // before 6.11 do not show `replace`, so a patch counts unless something says that it replaces
    // nothing.
    kernel::ObservedPatch const* replacing_patch(LoadRecord const& record) const {
        for (auto const& patch : change_.now.patches) {
            bool const moved = change_.before == nullptr || was(patch.name) != PatchState::enabled;
            if (patch.name != record.name && is_active(patch) && moved && may_replace(patch))
                return &patch;
        }
        return nullptr;
    }

    bool may_replace(kernel::ObservedPatch const& patch) const {
        if (patch.replace)
            return *patch.replace;
        auto const* record = state_.find_load(patch.name, change_.boot_id);
        auto const* offer =
            record == nullptr ? nullptr : change_.catalogue.find_digest(record->sha256);
        return offer == nullptr || offer->module.replace != module::Replace::no;
    }

    PatchState was(std::string_view name) const {
        auto const* patch = change_.before == nullptr ? nullptr : change_.before->find(name);
        return patch == nullptr ? PatchState::absent : patch->state;
    }

    void become(LoadRecord& record, Stage stage) {
        record.stage = stage;
        settled_.changed = true;
    }

    void drop(LoadRecord const& record) {
        auto const name = record.name; // dies with the record
        state_.drop_load(name, change_.boot_id);
        settled_.changed = true;
    }

    void hold(LoadRecord const& record, std::string const& reason) {
        if (record.sha256.empty())
            return;
        state_.put(Hold{
            .sha256 = record.sha256, .name = record.name, .reason = reason, .since = change_.time});
        settled_.changed = true;
        tell(
            EventKind::foreign_change, record, reason + "; it is held until it is applied by name"
        );
    }

    void tell(EventKind kind, LoadRecord const& record, std::string message) {
        settled_.events.push_back({
            .kind = kind,
            .time = change_.time,
            .patch = record.name,
            .id = record.id,
            .sha256 = record.sha256,
            .message = record.name + ": " + std::move(message),
        });
    }

    State& state_;
    Change const& change_;
    Settled settled_;
};

} // namespace

Settled settle(State& state, Change const& change) {
    return Settling(state, change).run();
}

} // namespace livepatch::engine
