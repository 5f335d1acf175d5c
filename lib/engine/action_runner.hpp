// Carries out one action: on workers, and recorded before the kernel is touched.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/worker.hpp"
#include "engine/plan.hpp"
#include "engine/state_keeper.hpp"
#include "loader/loader.hpp"
#include "report/vocabulary.hpp"
#include "repository/sources.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace livepatch::engine {

// Belongs to the loop; must outlive what it queued on the workers.
class ActionRunner {
public:
    struct Parts {
        base::Clock& clock;
        base::Worker kernel_worker;
        base::Worker source_worker;
        loader::Loader& loader;       // used on the kernel worker only
        repository::Sources& sources; // used on the source worker only
        StateKeeper& keeper;
        std::string boot_id;
        bool load_unrecorded = false; // also when the attempt cannot be recorded
    };

    struct Outcome {
        Action action;                    // without its offer, which may be gone by now
        std::string sha256;               // of the offer, with load
        std::optional<base::Error> error; // nothing = the kernel accepted it
        bool tried = true; // false: it could not be recorded, so the kernel was left alone
    };

    using Done = std::function<void(Outcome)>;

    explicit ActionRunner(Parts parts);

    // load, disable, enable or remove; not before the last one is done. `ours`: what is loaded
    // under that name was loaded by us.
    void run(Action const& action, bool ours, Done done);

    // Whether a patch is loaded also when the attempt cannot be recorded.
    void load_unrecorded(bool load) { parts_.load_unrecorded = load; }

    bool is_busy() const { return stage_ != report::Stage::idle; }

    // The patch that is being worked on; "" = none.
    std::string const& in_flight() const { return action_.name; }

    report::Stage stage() const { return stage_; } // idle, verifying or loading

private:
    void load();
    void record_and_load(trust::VerifiedPatch patch);
    void loaded(base::Result<loader::LoadedPatch> const& result);
    void change(bool ours);
    void remove();
    void repin();
    void restore_pins();
    void restore_record();
    void finish(std::optional<base::Error> error, bool tried = true);

    Parts parts_;
    report::Stage stage_ = report::Stage::idle;
    Action action_;
    repository::Offer offer_;          // a copy: the catalogue may be replaced meanwhile
    std::optional<LoadRecord> before_; // the record that stood there
    std::vector<Pin> lifted_pins_;     // by this action
    Done done_;
};

} // namespace livepatch::engine
