#include "engine/settle.hpp"

#include "engine/world.hpp"

#include <set>
#include <string>
#include <vector>

namespace livepatch::engine {

namespace {

using base::PatchState;
using report::EventKind;

bool is_active(kernel::ObservedPatch const& patch) {
    return patch.state == PatchState::enabled || patch.state == PatchState::enabling;
}

class Settling {
public:
    Settling(State& state, Change const& change) : state_(state), change_(change) {
        if (change.before != nullptr)
            return;
        for (auto const& load : state.loads)
            if (load.boot_id == change.boot_id && load.stage == Stage::enabled)
                enabled_before_.insert(load.name);
    }

    Settled run() {
        // What was replaced earlier comes last: what replaced it may be replaced itself by now.
        for (bool const replaced : {false, true})
            for (auto const& name : records_of_this_boot(replaced))
                if (name != change_.in_flight)
                    settle_record(*state_.find_load(name, change_.boot_id));
        tell_unmanaged();
        return std::move(settled_);
    }

private:
    std::vector<std::string> records_of_this_boot(bool replaced) const {
        std::vector<std::string> names;
        for (auto const& load : state_.loads)
            if (load.boot_id == change_.boot_id && (load.stage == Stage::replaced) == replaced)
                names.push_back(load.name);
        return names;
    }

    // May drop the record.
    void settle_record(LoadRecord& record) {
        auto const* patch = change_.now.find(record.name);
        if (patch == nullptr || !matches(record, *patch))
            return settle_absent(record);
        switch (patch->state) {
        case PatchState::absent:
            return settle_absent(record);
        case PatchState::enabling:
        case PatchState::enabled:
            return settle_active(record, patch->state);
        case PatchState::disabling:
        case PatchState::disabled:
            return settle_inactive(record, patch->state);
        }
    }

    void settle_absent(LoadRecord& record) {
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
            if (auto const by = heir_of(record); by.empty())
                drop(record);
            else if (by != record.replaced_by)
                replaced_by(record, by);
            return;
        }
    }

    // The patch that is there instead of a replaced one: the one that replaced it, or one that
    // replaced that in turn; "" = none any more.
    std::string heir_of(LoadRecord const& record) const {
        std::set<std::string> seen{record.name};
        auto by = record.replaced_by;
        while (seen.insert(by).second) {
            if (auto const* patch = change_.now.find(by); patch != nullptr && is_active(*patch))
                return by;
            auto const* next = state_.find_load(by, change_.boot_id);
            if (next == nullptr || next->stage != Stage::replaced)
                break;
            by = next->replaced_by;
        }
        auto const* patch = replacing_patch(record);
        return patch == nullptr ? std::string() : patch->name;
    }

    void replaced_by(LoadRecord& record, std::string const& name) {
        record.replaced_by = name;
        become(record, Stage::replaced);
    }

    void settle_active(LoadRecord& record, PatchState state) {
        bool const enabled = state == PatchState::enabled;
        switch (record.stage) {
        case Stage::intended:
        case Stage::loaded:
            if (enabled) {
                become(record, Stage::enabled);
                tell(EventKind::enabled, record, "every task runs the patched code");
            } else if (record.stage == Stage::intended) {
                become(record, Stage::loaded);
            }
            return;
        case Stage::enabled:
            return;
        case Stage::reverting: // turned round, or the daemon died before it was begun
            if (!enabled)
                return;
            if (change_.before != nullptr && was(record.name) != PatchState::enabled)
                tell(EventKind::foreign_change, record, "enabled again by another tool");
            return record.sha256.empty() ? drop(record) : become(record, Stage::enabled);
        case Stage::replaced: // cannot come back but by another load, which was not ours
            return drop(record);
        }
    }

    void settle_inactive(LoadRecord& record, PatchState state) {
        switch (record.stage) {
        case Stage::intended:
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
            if (auto const by = heir_of(record); !by.empty() && by != record.replaced_by)
                replaced_by(record, by);
            return;
        }
    }

    bool settle_replaced(LoadRecord& record) {
        auto const* by = replacing_patch(record);
        if (by == nullptr)
            return false;
        replaced_by(record, by->name);
        tell(EventKind::replaced, record, "replaced by " + by->name);
        return true;
    }

    // The patch whose transition just ended or is about to, if it may be cumulative. Kernels
    // before 6.11 do not show `replace`, so a patch counts unless something says that it replaces
    // nothing.
    kernel::ObservedPatch const* replacing_patch(LoadRecord const& record) const {
        for (auto const& patch : change_.now.patches)
            if (patch.name != record.name && is_active(patch) &&
                change_.fresh.contains(patch.name) && may_replace(patch) &&
                !was_there_before(patch.name, record) && !was_enabled_before(patch))
                return &patch;
        return nullptr;
    }

    // At the first look every patch is fresh. One that was recorded enabled had its transition
    // behind it while what is gone was still there, and so replaced nothing; unless it is known to
    // be cumulative: then the daemon ended before it saw what that had done.
    bool was_enabled_before(kernel::ObservedPatch const& patch) const {
        return enabled_before_.contains(patch.name) && !is_cumulative(patch);
    }

    // A patch of ours replaces only what was loaded before it, and records are in that order.
    bool was_there_before(std::string_view name, LoadRecord const& record) const {
        auto const* other = state_.find_load(name, change_.boot_id);
        return other != nullptr && other < &record;
    }

    // What comes and goes without us.
    void tell_unmanaged() {
        if (change_.before == nullptr)
            return;
        for (auto const& patch : change_.now.patches)
            if (is_foreign(patch.name) && change_.before->find(patch.name) == nullptr)
                tell_foreign(patch.name, "loaded by another tool");
        for (auto const& patch : change_.before->patches)
            if (is_foreign(patch.name) && !was_ours(patch.name) &&
                change_.now.find(patch.name) == nullptr)
                tell_foreign(patch.name, "unloaded by another tool");
    }

    bool is_foreign(std::string_view name) const {
        return name != change_.in_flight && state_.find_load(name, change_.boot_id) == nullptr;
    }

    bool was_ours(std::string_view name) const { return dropped_.contains(name); }

    bool may_replace(kernel::ObservedPatch const& patch) const {
        if (patch.replace)
            return *patch.replace;
        auto const* record = state_.find_load(patch.name, change_.boot_id);
        return record == nullptr || record->replace != module::Replace::no;
    }

    bool is_cumulative(kernel::ObservedPatch const& patch) const {
        if (patch.replace)
            return *patch.replace;
        auto const* record = state_.find_load(patch.name, change_.boot_id);
        return record != nullptr && record->replace == module::Replace::yes;
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
        dropped_.insert(name);
        state_.drop_load(name, change_.boot_id);
        settled_.changed = true;
    }

    void hold(LoadRecord const& record, std::string const& reason) {
        if (record.sha256.empty())
            return;
        put_hold(record, record.sha256, reason);
        if (auto const* offer = change_.catalogue.choose(record.name);
            offer != nullptr && !offer->sha256.empty())
            put_hold(record, offer->sha256, reason);
        settled_.changed = true;
        tell(
            EventKind::foreign_change, record, reason + "; it is held until it is applied by name"
        );
    }

    void put_hold(LoadRecord const& record, std::string const& sha256, std::string const& reason) {
        state_.put(Hold{
            .sha256 = sha256, .name = record.name, .reason = reason, .since = change_.time});
    }

    void tell_foreign(std::string const& name, std::string const& message) {
        settled_.events.push_back({
            .kind = EventKind::foreign_change,
            .time = change_.time,
            .patch = name,
            .id = name,
            .sha256 = {},
            .message = name + ": " + message,
        });
    }

    void tell(EventKind kind, LoadRecord const& record, std::string message) {
        settled_.events.push_back({
            .kind = kind,
            .time = change_.time,
            .patch = record.name,
            .id = record.id,
            .sha256 = record.sha256,
            .message = record.name + ": " + std::move(message),
            .signer = record.signer,
            .source = record.source,
        });
    }

    State& state_;
    Change const& change_;
    Settled settled_;
    std::set<std::string, std::less<>> enabled_before_; // as recorded before the first look
    std::set<std::string, std::less<>> dropped_;        // records that were there when we began
};

} // namespace

Settled settle(State& state, Change const& change) {
    return Settling(state, change).run();
}

} // namespace livepatch::engine
