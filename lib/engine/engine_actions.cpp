// The half of Engine that acts: one step at a time, each on a worker, each recorded before it is
// taken.
#include "engine/engine.hpp"

#include <algorithm>
#include <utility>

namespace livepatch::engine {

namespace {

using namespace std::chrono_literals;

using report::EventKind;

// "Not now" from the kernel is tried again so often; after that it counts as a refusal.
constexpr unsigned max_tries = 20;
constexpr auto shortest_delay = 100ms;
constexpr auto longest_delay = 5s;

} // namespace

void Engine::carry_out(std::vector<Action> const& actions) {
    for (auto const& action : actions)
        if (action.kind == Action::Kind::finish)
            requests_.finish(action.request, action.error);
    if (doing_ != Doing::nothing)
        return;
    auto const now = parts_.clock.now();
    auto const next = std::find_if(actions.begin(), actions.end(), [&](auto const& action) {
        auto const delay = delays_.find(action.name);
        bool const put_off = delay != delays_.end() && delay->second.until > now;
        return action.kind != Action::Kind::finish && !put_off;
    });
    if (next != actions.end())
        start_action(*next);
}

void Engine::start_action(Action const& action) {
    in_flight_ = action.name;
    switch (action.kind) {
    case Action::Kind::load:
        return load(action);
    case Action::Kind::disable:
    case Action::Kind::enable:
        return change(action);
    case Action::Kind::remove:
        return remove(action);
    case Action::Kind::finish:
        return idle();
    }
}

void Engine::idle() {
    doing_ = Doing::nothing;
    in_flight_.clear();
    step();
}

// The offer is copied: the catalogue may be replaced while we work.
void Engine::load(Action const& action) {
    doing_ = Doing::verifying;
    parts_.disk_worker.run(
        [this, offer = *action.offer] { return parts_.sources.verify(offer); },
        [this, action, offer = *action.offer](base::Result<trust::VerifiedPatch> patch) {
            if (!patch)
                return failed(action, offer.sha256, patch.error());
            record_and_load(action, offer, std::move(patch).value());
        }
    );
}

void Engine::record_and_load(
    Action const& action, repository::Offer const& offer, trust::VerifiedPatch patch
) {
    doing_ = Doing::loading;
    state_.put(LoadRecord{
        .name = patch.name(),
        .id = offer.id,
        .sha256 = patch.sha256(),
        .build_id = patch.module().build_id,
        .source = offer.source,
        .signer = patch.signer(),
        .boot_id = parts_.identity.boot_id,
        .stage = Stage::intended,
        .at = parts_.clock.wall(),
        .replaced_by = {}});
    // Shared, since a callback must be copyable and the patch is not.
    auto const shared = std::make_shared<trust::VerifiedPatch>(std::move(patch));
    save([this, action, offer, shared](base::Result<void> saved) {
        if (!saved) {
            state_.drop_load(action.name, parts_.identity.boot_id);
            return failed(action, offer.sha256, saved.error());
        }
        parts_.kernel_worker.run(
            [this, shared] { return parts_.loader.load(*shared); },
            [this, action, offer](base::Result<loader::LoadedPatch> result) {
                loaded(action, offer, std::move(result));
            }
        );
    });
}

void Engine::loaded(
    Action const& action, repository::Offer const& offer, base::Result<loader::LoadedPatch> result
) {
    if (!result) {
        state_.drop_load(action.name, parts_.identity.boot_id);
        save();
        return failed(action, offer.sha256, result.error());
    }
    if (auto* record = state_.find_load(action.name, parts_.identity.boot_id))
        record->stage = Stage::loaded;
    save();
    delays_.erase(action.name);
    tell(EventKind::loaded, action.name, "loaded; tasks move to the patched code");
    requests_.finish(action.request, std::nullopt);
    idle();
}

void Engine::change(Action const& action) {
    doing_ = Doing::changing;
    bool const disable = action.kind == Action::Kind::disable;
    auto* record = state_.find_load(action.name, parts_.identity.boot_id);
    if (world().ours(action.name) != nullptr) {
        record->stage = disable ? Stage::reverting : Stage::loaded;
    } else {
        // Another tool's patch that an admin told us to take out: what is left of it is ours to
        // remove.
        state_.put(LoadRecord{
            .name = action.name,
            .id = action.name,
            .sha256 = {},
            .build_id = {},
            .source = {},
            .signer = {},
            .boot_id = parts_.identity.boot_id,
            .stage = Stage::reverting,
            .at = {},
            .replaced_by = {}});
    }
    // A revert goes on even if it cannot be recorded: a full disk must not keep a harmful patch in.
    save([this, action, disable](base::Result<void> const&) {
        parts_.kernel_worker.run(
            [this, name = action.name, disable] {
                return disable ? parts_.loader.disable(name) : parts_.loader.enable(name);
            },
            [this, action](base::Result<void> result) { changed(action, std::move(result)); }
        );
    });
}

void Engine::changed(Action const& action, base::Result<void> result) {
    // Gone already is what a revert wants.
    bool const gone = !result && result.error().code == base::Errc::not_found;
    if (!result && !gone)
        return failed(action, {}, result.error());
    delays_.erase(action.name);
    if (action.kind == Action::Kind::disable) {
        tell(EventKind::disabling, action.name, "tasks move back to the original code");
        requests_.finish(action.request, std::nullopt);
    }
    idle();
}

void Engine::remove(Action const& action) {
    doing_ = Doing::changing;
    parts_.kernel_worker.run(
        [this, name = action.name] { return parts_.loader.remove(name); },
        [this, action](base::Result<void> result) { removed(action, std::move(result)); }
    );
}

void Engine::removed(Action const& action, base::Result<void> result) {
    bool const gone = !result && result.error().code == base::Errc::not_found;
    if (result || gone) {
        delays_.erase(action.name);
    } else if (auto const error = result.error(); !put_off(action, error)) {
        unremovable_.insert(action.name);
        tell(EventKind::operation_failed, action.name, "stays loaded", &error);
    }
    idle();
}

// Whether the error is one that passes, and the step will be tried again.
bool Engine::put_off(Action const& action, base::Error const& error) {
    if (error.code != base::Errc::busy)
        return false;
    auto& delay = delays_[action.name];
    if (++delay.tries > max_tries) {
        delays_.erase(action.name);
        return false;
    }
    auto const wait = std::min<std::chrono::milliseconds>(
        shortest_delay * (1U << std::min(delay.tries, 6U)), longest_delay
    );
    delay.until = parts_.clock.now() + wait;
    return true;
}

void Engine::failed(Action const& action, std::string const& sha256, base::Error error) {
    if (!put_off(action, error)) {
        if (!sha256.empty())
            failures_.insert_or_assign(sha256, error);
        auto const kind = action.kind == Action::Kind::load ? EventKind::load_failed
                                                            : EventKind::operation_failed;
        tell(
            kind,
            action.name,
            action.kind == Action::Kind::load ? "not loaded" : "not changed",
            &error
        );
        requests_.finish(action.request, std::move(error));
    }
    idle();
}

void Engine::tell(
    EventKind kind, std::string const& name, std::string message, base::Error const* error
) {
    if (!on_event_)
        return;
    report::Event event{
        .kind = kind,
        .time = parts_.clock.wall(),
        .patch = name,
        .id = {},
        .sha256 = {},
        .message = name + ": " + message};
    if (auto const* record = state_.find_load(name, parts_.identity.boot_id)) {
        event.id = record->id;
        event.sha256 = record->sha256;
    }
    if (error != nullptr) {
        event.message += ": " + describe(*error);
        event.kernel_log = error->kernel_log;
    }
    on_event_(event);
}

} // namespace livepatch::engine
