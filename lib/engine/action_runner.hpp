// Carries out one action: on workers, and recorded before the kernel is touched.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/worker.hpp"
#include "engine/plan.hpp"
#include "engine/state_keeper.hpp"
#include "loader/loader.hpp"
#include "preflight/preflight.hpp"
#include "report/event.hpp"
#include "report/vocabulary.hpp"
#include "repository/supply.hpp"
#include "repository/verified_store.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
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
        base::Worker disk_worker;
        preflight::Preflight preflight;
        loader::Loader& loader;      // used on the kernel worker only
        repository::Supply& sources; // used on the source worker only
        StateKeeper& keeper;
        std::string boot_id;
        std::string machine_id;
        std::string kernel; // see kernel_of()
        // Asked right before the load, since verifying and recording take seconds: whether it is
        // still what is to be done next.
        std::function<bool(Action const&, std::string const& sha256)> still_planned;
        bool load_unrecorded = false; // also when the attempt cannot be recorded
        // Where what was loaded is kept for the next boot; nothing = nowhere.
        std::optional<repository::VerifiedStore> store = {};
        std::function<void(base::Result<void>)> stored = {}; // told of each try to keep one
    };

    struct Outcome {
        Action action;                    // without its offer, which may be gone by now
        std::string id;                   // of the offer, with load
        std::string sha256;               // of the offer, with load
        std::optional<base::Error> error; // nothing = the kernel accepted it, if it was asked
        // false: the kernel was left alone, because the attempt could not be recorded, or, without
        // an error, because the load is not to be made any more.
        bool tried = true;
        bool foreseen = false; // the kernel was left alone, because it would have refused
        report::Durations durations = {}; // of what was done
    };

    using Done = std::function<void(Outcome)>;

    // What takes the place of a harmful patch has to be verified by then: the harm goes on
    // meanwhile, and half a second after it began its end is promised (DESIGN §12).
    static constexpr std::chrono::milliseconds rescue_patience{400};

    // How long the disk has to record a change before it is made.
    static constexpr std::chrono::milliseconds record_patience{300};

    explicit ActionRunner(Parts parts);

    // load, disable, enable or remove; not before the last one is done. `ours`: what is loaded
    // under that name was loaded by us.
    void run(Action const& action, bool ours, Done done);

    // The sources are others now.
    void configure(std::vector<repository::Source> sources) {
        if (parts_.store)
            parts_.store->configure(std::move(sources));
    }

    // Whether a patch is loaded also when the attempt cannot be recorded.
    void load_unrecorded(bool load) { parts_.load_unrecorded = load; }

    bool is_busy() const { return stage_ != report::Stage::idle; }

    // The patch that is being worked on; "" = none.
    std::string const& in_flight() const { return action_.name; }

    // Whether it is to take the place of what did harm.
    bool is_rescuing() const { return !action_.over.empty(); }

    report::Stage stage() const { return stage_; } // idle, verifying or loading

    // What was loaded is kept for the next boot. Behind the load and those who are told of it:
    // nobody waits for this.
    void store_loaded();

    // The same for what a daemon before loaded and was killed before it was kept; each is verified
    // by its source once more.
    void store_missing(std::vector<repository::Offer> loaded);

    // Gives up what is still being verified or recorded, which may take as long as the source or
    // the disk likes; its `done` is not called. Nothing happens at a later stage.
    void abandon();

private:
    void load();
    void verify_from_store(unsigned number);
    void verify_from_source(unsigned number);
    void verified(
        unsigned number,
        base::Result<trust::VerifiedPatch> patch,
        std::optional<base::Error> obstacle
    );
    void too_late(unsigned number);
    std::set<std::string> digests_to_keep() const;
    void record_and_load(trust::VerifiedPatch patch);
    void load_recorded(std::shared_ptr<trust::VerifiedPatch> const& patch);
    base::Result<loader::LoadedPatch> load_into_kernel(trust::VerifiedPatch const& patch);
    void loaded(
        std::shared_ptr<trust::VerifiedPatch> const& patch,
        base::Result<loader::LoadedPatch> const& result
    );
    void change(bool ours);
    void write_change(bool disable);
    void remove();
    void repin();
    void restore_pins();
    void restore_record();

    void begin_step() { step_began_ = parts_.clock.now(); }

    std::chrono::microseconds step_took() const;
    enum class End { tried, untried, foreseen };
    void take_record_back();
    void finish(std::optional<base::Error> error, End end = End::tried);

    Parts parts_;
    report::Stage stage_ = report::Stage::idle;
    bool recording_ = false;     // a load that the disk has not taken yet
    unsigned verifications_ = 0; // the newest one's number: what an abandoned one brings is old
    unsigned changes_ = 0;       // the same, of what is recorded before it is written
    std::unique_ptr<base::Alarm> deadline_; // of the verification, or of the record
    base::Clock::Monotonic step_began_{};   // the newest of those that take time
    report::Durations durations_;
    Action action_;
    repository::Offer offer_;          // a copy: the catalogue may be replaced meanwhile
    std::optional<LoadRecord> before_; // the record that stood there
    std::vector<Pin> lifted_pins_;     // by this action
    std::shared_ptr<trust::VerifiedPatch> to_store_;
    Done done_;
};

} // namespace livepatch::engine
