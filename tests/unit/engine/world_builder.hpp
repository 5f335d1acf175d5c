// A World made of a few words, for the functions that are pure.
#pragma once

#include "engine/judgement.hpp"
#include "engine/plan.hpp"
#include "engine/replacement.hpp"
#include "engine/world.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace livepatch::engine {

struct WorldBuilder {
    kernel::Observation observed = {};
    repository::Catalogue catalogue = {};
    State state = {};
    std::vector<Request> requests = {};
    std::map<std::string, base::Error> failures = {};
    std::set<std::string, std::less<>> unremovable = {};
    std::string in_flight = {};
    report::Mode mode = report::Mode::automatic;
    std::string obstacle = {};
    std::optional<base::Error> stopped = {};
    std::set<std::string, std::less<>> missing = {};
    bool livepatch = true;
    std::set<std::string, std::less<>> restore = {};
    std::map<std::string, std::string> not_yet = {};
    std::map<std::string, std::string> below = {};
    std::vector<repository::Offer> stored = {};
    std::string overdue = {};
    bool reverse_for_others_only = false;
    bool revert_withdrawn = false;

    // A digest is "sha NAME" unless told otherwise.
    static std::string digest(std::string const& name) { return "sha " + name; }

    kernel::ObservedPatch& see(std::string const& name, base::PatchState state_now) {
        bool const moving = in_transition(state_now);
        observed.patches.push_back({.name = name, .state = state_now, .transition = moving});
        return observed.patches.back();
    }

    repository::Offer&
    offer(std::string const& name, module::Replace replace = module::Replace::no) {
        repository::Offer offer{.source = "test", .path = "/source/" + name + ".ko", .id = name};
        offer.module.name = name;
        offer.module.replace = replace;
        offer.sha256 = digest(name);
        catalogue.offers.push_back(std::move(offer));
        return catalogue.offers.back();
    }

    // "SOURCE/FILE.ko" with the module name FILE.
    repository::Offer&
    offer_from(std::string const& source, std::string const& name, module::Replace replace) {
        auto& offered = offer(name, replace);
        offered.source = source;
        offered.path = "/" + source + "/" + name + ".ko";
        return offered;
    }

    LoadRecord& record(std::string const& name, Stage stage = Stage::enabled) {
        state.loads.push_back(
            {.name = name,
             .id = name,
             .sha256 = digest(name),
             .build_id = {},
             .source = "test",
             .signer = {},
             .boot_id = "boot",
             .stage = stage,
             .at = {},
             .replaced_by = {},
             .file = name + ".ko",
             .priority = 50,
             .replace = module::Replace::no}
        );
        return state.loads.back();
    }

    void hold(std::string const& name) {
        state.put(Hold{.sha256 = digest(name), .name = name, .reason = "held", .since = {}});
    }

    // An admin's own.
    void hold_all(std::string const& id) {
        state.put(Hold{.id = id, .sha256 = {}, .name = id, .reason = "no", .since = {}});
    }

    void pin(std::string const& name, bool lineage = true) {
        state.pins.push_back(
            {.name = name,
             .id = name,
             .sha256 = digest(name),
             .source = "test",
             .file = name + ".ko",
             .lineage = lineage,
             .since = {}}
        );
    }

    void stop() {
        stopped = base::Error{
            .code = base::Errc::paused,
            .subject = "livepatchd",
            .cause = "paused",
            .remedy = "lpctl resume"};
    }

    void fail(std::string const& name) {
        failures.emplace(
            digest(name),
            base::Error{
                .code = base::Errc::load_failed, .subject = name, .cause = "refused", .remedy = {}}
        );
    }

    Request& request(Request::Kind kind, std::string const& name) {
        requests.push_back(
            {.id = requests.size() + 1, .kind = kind, .name = name, .sha256 = digest(name)}
        );
        return requests.back();
    }

    World world() const {
        return {
            .observed = observed,
            .catalogue = catalogue,
            .state = state,
            .requests = requests,
            .failures = failures,
            .unremovable = unremovable,
            .in_flight = in_flight,
            .mode = mode,
            .obstacle = obstacle,
            .stopped = stopped,
            .restore = restore,
            .not_yet = not_yet,
            .below = below,
            .stored = stored,
            .overdue = overdue,
            .reverse_for_others_only = reverse_for_others_only,
            .missing = missing,
            .livepatch = livepatch,
            .revert_withdrawn = revert_withdrawn,
            .boot_id = "boot",
            .kernel = "kernel"};
    }

    void quarantine(std::string const& name, Quarantine::Cause cause = Quarantine::Cause::harm) {
        state.put(Quarantine{
            .sha256 = digest(name),
            .name = name,
            .id = name,
            .cause = cause,
            .reason = "did harm",
            .boot_id = "boot",
            .since = {}});
    }

    void prove(std::string const& name) {
        state.put(GoodVerdict{.sha256 = digest(name), .kernel = "kernel", .since = {}});
    }

    // Proved, and gone from its source since.
    void keep(std::string const& name, std::string const& kernel = "kernel") {
        state.put(GoodVerdict{
            .sha256 = digest(name),
            .kernel = kernel,
            .since = {},
            .name = name,
            .id = name,
            .source = "test",
            .file = name + ".ko",
            .priority = 50,
            .replace = module::Replace::yes});
        stored = stored_offers(state, "kernel");
    }

    Judgement judged(std::string const& name) const {
        for (auto& judgement : judge(world()))
            if (judgement.name == name)
                return judgement;
        return {.name = name, .refusal = {}, .reason = {}};
    }

    std::vector<Action> actions() const {
        auto const now = world();
        return plan(now, judge(now));
    }

    // "KIND NAME", with "!" and the request's number when it is somebody's.
    std::vector<std::string> steps() const {
        static constexpr char const* kinds[] = {"load", "disable", "enable", "remove", "finish"};
        std::vector<std::string> words;
        for (auto const& action : actions()) {
            auto word = kinds[static_cast<int>(action.kind)] + (" " + action.name);
            if (!action.over.empty())
                word += " over " + action.over;
            if (action.request != 0)
                word += " !" + std::to_string(action.request);
            if (action.error)
                word += " error";
            words.push_back(std::move(word));
        }
        return words;
    }
};

} // namespace livepatch::engine
