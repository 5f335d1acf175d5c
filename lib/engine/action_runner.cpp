#include "engine/action_runner.hpp"

#include "engine/pins.hpp"

#include <boost/range/adaptor/reversed.hpp>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <memory>
#include <utility>

namespace livepatch::engine {

namespace {

base::Error not_recorded(std::string const& name, base::Error const& error) {
    return {
        .code = base::Errc::failed,
        .subject = name,
        .cause = "not loaded, because the attempt cannot be recorded: " + describe(error),
        .remedy = {},
        .os_error = error.os_error};
}

// Gone already is what a disable and a removal want.
std::optional<base::Error> unless_gone(base::Result<void> const& result) {
    if (result || result.error().code == base::Errc::not_found)
        return std::nullopt;
    return result.error();
}

} // namespace

ActionRunner::ActionRunner(Parts parts) : parts_(std::move(parts)) {}

void ActionRunner::run(Action const& action, bool ours, Done done) {
    action_ = action;
    action_.offer = nullptr;
    offer_ = action.offer == nullptr ? repository::Offer() : *action.offer;
    auto const* record = parts_.keeper.state().find_load(action.name, parts_.boot_id);
    before_ = record == nullptr ? std::nullopt : std::optional(*record);
    lifted_pins_.clear();
    durations_ = {};
    done_ = std::move(done);
    switch (action.kind) {
    case Action::Kind::load:
        return load();
    case Action::Kind::disable:
    case Action::Kind::enable:
        return change(ours);
    case Action::Kind::remove:
        return remove();
    case Action::Kind::finish:
        return finish({});
    }
}

void ActionRunner::load() {
    stage_ = report::Stage::verifying;
    begin_step();
    auto const number = ++verifications_;
    if (action_.over.empty())
        return verify_from_source(number);
    deadline_ =
        parts_.clock.alarm(step_began_ + rescue_patience, [this, number] { too_late(number); });
    verify_from_store(number);
}

// It was in the kernel before, and is there unless the disk lost it: then its source is asked.
void ActionRunner::verify_from_store(unsigned number) {
    if (!parts_.store)
        return verify_from_source(number);
    parts_.disk_worker.run(
        [store = *parts_.store, offer = offer_] { return store.verify(offer); },
        [this, number](base::Result<trust::VerifiedPatch> patch) {
            if (patch)
                verified(number, std::move(patch), {}); // it was in this kernel before
            else if (number == verifications_)
                verify_from_source(number);
        }
    );
}

void ActionRunner::verify_from_source(unsigned number) {
    parts_.source_worker.run(
        [this, offer = offer_] {
            auto patch = parts_.sources.verify(offer);
            auto obstacle = patch ? parts_.preflight.obstacle(*patch) : std::nullopt;
            return std::pair(std::move(patch), std::move(obstacle));
        },
        [this, number](auto result) {
            verified(number, std::move(result.first), std::move(result.second));
        }
    );
}

void ActionRunner::verified(
    unsigned number, base::Result<trust::VerifiedPatch> patch, std::optional<base::Error> obstacle
) {
    if (number != verifications_)
        return;
    durations_.verify = step_took();
    if (patch && !obstacle)
        return record_and_load(std::move(patch).value());
    deadline_.reset();
    if (!patch)
        finish(patch.error(), End::untried);
    else
        finish(std::move(obstacle), End::foreseen);
}

void ActionRunner::too_late(unsigned number) {
    if (number != verifications_)
        return;
    ++verifications_;
    take_record_back();
    finish(
        base::Error{
            .code = base::Errc::failed,
            .subject = action_.name,
            .cause = "it could not be verified and recorded within " +
                     std::to_string(rescue_patience.count()) + " ms to take the place of " +
                     action_.over,
            .remedy = {},
            .os_error = ETIMEDOUT},
        End::untried
    );
}

// The disk has not taken it so far.
void ActionRunner::take_record_back() {
    if (!std::exchange(recording_, false))
        return;
    restore_record();
    parts_.keeper.save();
}

void ActionRunner::abandon() {
    if (stage_ != report::Stage::verifying && !recording_)
        return;
    ++verifications_;
    take_record_back();
    deadline_.reset();
    stage_ = report::Stage::idle;
    action_ = {};
    offer_ = {};
    done_ = {};
}

void ActionRunner::record_and_load(trust::VerifiedPatch patch) {
    stage_ = report::Stage::loading;
    parts_.keeper.state().put(LoadRecord{
        .name = patch.name(),
        .id = offer_.id,
        .sha256 = patch.sha256(),
        .build_id = patch.module().build_id,
        .source = offer_.source,
        .signer = patch.signer(),
        .boot_id = parts_.boot_id,
        .stage = Stage::intended,
        .at = parts_.clock.wall(),
        .replaced_by = {},
        .file = offer_.place_in_source(),
        .priority = offer_.priority,
        .replace = offer_.module.replace,
        .kernel = parts_.kernel,
        .machine_id = parts_.machine_id,
        .proving = true,
        .first = !parts_.keeper.state().is_good(patch.sha256(), parts_.kernel),
        .states = offer_.states,
        .reversible = offer_.reversible});
    repin();
    // Shared, since a callback must be copyable and the patch is not.
    auto const shared = std::make_shared<trust::VerifiedPatch>(std::move(patch));
    recording_ = true;
    parts_.keeper.save([this, shared, number = verifications_](base::Result<void> const& saved) {
        if (number != verifications_)
            return;
        recording_ = false;
        ++verifications_; // in time
        deadline_.reset();
        if (!saved && !parts_.load_unrecorded) {
            restore_record();
            return finish(not_recorded(action_.name, saved.error()), End::untried);
        }
        load_recorded(shared);
    });
}

// What was decided before the verification may be wrong by now: held, reverted, paused, or another
// tool's patch in the way.
void ActionRunner::load_recorded(std::shared_ptr<trust::VerifiedPatch> const& patch) {
    if (!parts_.still_planned(action_, offer_.sha256)) {
        restore_record();
        parts_.keeper.save();
        return finish({}, End::untried);
    }
    begin_step();
    parts_.kernel_worker.run(
        [this, patch] { return load_into_kernel(*patch); },
        [this, patch](base::Result<loader::LoadedPatch> const& result) { loaded(patch, result); }
    );
}

// A refusal says what can be found out about it. That another transition runs passes by itself.
base::Result<loader::LoadedPatch> ActionRunner::load_into_kernel(trust::VerifiedPatch const& patch
) {
    auto result = parts_.loader.load(patch);
    if (result || result.error().code == base::Errc::busy)
        return result;
    return parts_.preflight.explained(patch, std::move(result).error());
}

void ActionRunner::loaded(
    std::shared_ptr<trust::VerifiedPatch> const& patch,
    base::Result<loader::LoadedPatch> const& result
) {
    durations_.load = step_took();
    auto* record = parts_.keeper.state().find_load(action_.name, parts_.boot_id);
    if (!result) {
        restore_record();
        parts_.keeper.save(); // at once: a crash would be blamed on it
        return finish(result.error());
    }
    if (record != nullptr)
        record->stage = Stage::loaded;
    to_store_ = patch;
    finish({});
}

void ActionRunner::store_loaded() {
    auto patch = std::exchange(to_store_, {});
    if (!patch || !parts_.store)
        return;
    parts_.source_worker.run(
        [store = parts_.store->modules(), patch = std::move(patch), digests = digests_to_keep()] {
            auto stored = store.put(*patch);
            store.keep_only(digests);
            return stored;
        },
        [this](base::Result<void> stored) { parts_.stored(std::move(stored)); }
    );
}

void ActionRunner::store_missing(std::vector<repository::Offer> loaded) {
    if (!parts_.store || loaded.empty())
        return;
    parts_.source_worker.run(
        [this, store = parts_.store->modules(), loaded = std::move(loaded)] {
            base::Result<void> stored;
            for (auto const& offer : loaded) {
                if (store.has(offer.sha256))
                    continue;
                auto const patch = parts_.sources.verify(offer);
                auto const put = patch ? store.put(*patch) : base::Result<void>(patch.error());
                stored = put ? std::move(stored) : put;
            }
            return stored;
        },
        [this](base::Result<void> stored) { parts_.stored(std::move(stored)); }
    );
}

// What the next boot wants, and what a harmful patch may have to give way to.
std::set<std::string> ActionRunner::digests_to_keep() const {
    constexpr int most_good = 4;
    std::set<std::string> digests;
    for (auto const& load : parts_.keeper.state().loads)
        digests.insert(load.sha256);
    int left = most_good;
    for (auto const& good : boost::adaptors::reverse(parts_.keeper.state().good))
        if (good.kernel == parts_.kernel && left-- > 0)
            digests.insert(good.sha256);
    return digests;
}

void ActionRunner::change(bool ours) {
    stage_ = report::Stage::loading;
    bool const disable = action_.kind == Action::Kind::disable;
    if (!disable)
        repin();
    auto& state = parts_.keeper.state();
    if (ours) {
        state.find_load(action_.name, parts_.boot_id)->stage =
            disable ? Stage::reverting : Stage::loaded;
    } else {
        // Another tool's patch that an admin told us to take out: what is left of it is ours to
        // remove.
        state.put(LoadRecord{
            .name = action_.name,
            .id = action_.name,
            .sha256 = {},
            .build_id = {},
            .source = {},
            .signer = {},
            .boot_id = parts_.boot_id,
            .stage = Stage::reverting,
            .at = {},
            .replaced_by = {}});
    }
    // It goes on even if it cannot be recorded, or not in time: neither a full disk nor one that
    // hangs, perhaps by its fault, may keep a harmful patch in.
    auto const go_on = [this, disable, number = ++changes_] {
        if (number == changes_)
            write_change(disable);
    };
    deadline_ = parts_.clock.alarm(parts_.clock.now() + record_patience, go_on);
    parts_.keeper.save([go_on](base::Result<void> const&) { go_on(); });
}

void ActionRunner::write_change(bool disable) {
    ++changes_; // once
    deadline_.reset();
    begin_step();
    parts_.kernel_worker.run(
        [this, name = action_.name, disable] {
            return disable ? parts_.loader.disable(name) : parts_.loader.enable(name);
        },
        [this, disable](base::Result<void> const& result) {
            durations_.load = step_took();
            auto error = disable  ? unless_gone(result)
                         : result ? std::nullopt
                                  : std::optional(result.error());
            if (error) {
                restore_record();
                parts_.keeper.save();
            }
            finish(std::move(error));
        }
    );
}

void ActionRunner::remove() {
    stage_ = report::Stage::loading;
    begin_step();
    parts_.kernel_worker.run(
        [this, name = action_.name] { return parts_.loader.remove(name); },
        [this](base::Result<void> const& result) {
            durations_.load = step_took();
            finish(unless_gone(result));
        }
    );
}

// An admin's newest word on which version he wants; what the daemon does by itself changes nothing.
void ActionRunner::repin() {
    if (action_.request == 0)
        return;
    auto& state = parts_.keeper.state();
    if (action_.pin && state.find_pin(action_.pin->sha256) != nullptr)
        action_.pin.reset(); // it was pinned before
    lifted_pins_ = engine::repin(state, offer_, action_.pin, parts_.clock.wall());
}

void ActionRunner::restore_pins() {
    auto& pins = parts_.keeper.state().pins;
    if (action_.pin)
        std::erase_if(pins, [this](auto const& pin) { return pin.sha256 == action_.pin->sha256; });
    std::move(lifted_pins_.begin(), lifted_pins_.end(), std::back_inserter(pins));
    lifted_pins_.clear();
}

void ActionRunner::restore_record() {
    restore_pins();
    auto& state = parts_.keeper.state();
    auto* record = state.find_load(action_.name, parts_.boot_id);
    if (!before_)
        state.drop_load(action_.name, parts_.boot_id);
    else if (record != nullptr)
        *record = *before_; // in its place: the order of loading is kept
}

std::chrono::microseconds ActionRunner::step_took() const {
    return std::chrono::ceil<std::chrono::microseconds>(parts_.clock.now() - step_began_);
}

void ActionRunner::finish(std::optional<base::Error> error, End end) {
    auto const offer = std::exchange(offer_, {});
    Outcome outcome{
        .action = std::exchange(action_, {}),
        .id = offer.id,
        .sha256 = offer.sha256,
        .error = std::move(error),
        .tried = end == End::tried,
        .foreseen = end == End::foreseen,
        .durations = durations_};
    stage_ = report::Stage::idle;
    std::exchange(done_, {})(std::move(outcome));
}

} // namespace livepatch::engine
