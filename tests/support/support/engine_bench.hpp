// An Engine on an emulated kernel, driven step by step: nothing happens but in run() and advance().
#pragma once

#include "engine/engine.hpp"
#include "repository/sources.hpp"
#include "support/emulated_kernel.hpp"
#include "support/fake_kernel_tree.hpp"
#include "support/module_file.hpp"
#include "support/simulated_clock.hpp"
#include "support/temporary_directory.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace livepatch::support {

// Answers as told, and counts.
class ScriptedScanner : public kernel::TaskScanner {
public:
    base::Result<kernel::TaskScan> scan(int target) override {
        targets.push_back(target);
        return answer;
    }

    base::Result<kernel::TaskScan> answer = kernel::TaskScan{};
    std::vector<int> targets; // of the scans so far
};

class EngineBench {
public:
    EngineBench();
    ~EngineBench();

    FakeKernelTree tree;
    EmulatedKernel kernel{tree};
    SimulatedClock clock;
    ScriptedScanner scanner;
    TemporaryDirectory directory;

    // What the next engine is started with.
    report::Mode mode = report::Mode::automatic;
    std::optional<base::Error> not_persistent = {};
    bool without_crash_guard = false;
    std::string machine_id = "machine";
    // Both off, unless a test is about them.
    engine::TransitionRules transition{.stall_after = {}, .reverse_after = {}};
    engine::ProbationRules probation{.time = {}};
    engine::HealthCheck* health = nullptr;
    engine::Policy policy = {};
    repository::Cumulative cumulative = repository::Cumulative::automatic;
    bool forget_past = true;
    bool with_store = false; // what is loaded is kept in stored()

    // A new engine on the same kernel, state and sources; run() until it is idle. One that runs is
    // killed before: what it had queued is never done.
    void start();
    void start_slowly(); // without running it
    void kill();
    // The machine goes down, in an orderly way or not, and comes up again; start() is next.
    enum class End { clean, crash };
    void reboot(End end);

    engine::Engine& engine() { return *engine_; }

    std::filesystem::path source() const { return directory.path() / "source"; }

    std::filesystem::path keys() const { return directory.path() / "keys"; }

    std::filesystem::path state() const { return directory.path() / "state"; }

    std::filesystem::path stored() const { return state() / "modules"; }

    // The file appears at once, as by a rename; nobody is told.
    void put_patch(ModuleFile const& module, std::string file_name = {});
    void remove_patch(std::string const& file_name);

    // Until nothing is left to do but wait.
    void run();
    // The same with what happens meanwhile, alarm by alarm.
    void advance(std::chrono::milliseconds duration);
    // Ends the kernel's transition, says so as its log would, and runs.
    void finish_transition();
    // As /dev/kmsg gives it; for the kernel itself. Every line has a number, from 1 on.
    void kernel_says(std::vector<std::string> const& lines);
    std::uint64_t next_line = 1;
    void notice();
    void refresh();

    // What is queued for the kernel, for the disk, or for the sources, waits until it is released.
    void hold_kernel(bool hold = true) { kernel_held_ = hold; }

    void hold_disk(bool hold = true) { disk_held_ = hold; }

    void hold_sources(bool hold = true) { sources_held_ = hold; }

    // With the answer that has come once there is nothing left to do but wait; nothing = none yet.
    using Answer = std::optional<base::Result<void>>;
    Answer apply(std::string const& patch, engine::Options const& options = {});
    Answer apply_all();
    Answer revert(std::string const& patch, engine::Options const& options = {});
    Answer revert_all();
    Answer hold(std::string const& patch, std::string const& reason);
    Answer unhold(std::string const& patch, engine::Options const& options = {});
    Answer pause(std::string const& reason);
    Answer resume();

    // The answer to the newest of these, also when it came later.
    Answer const& answer() const { return *answer_; }

    // By module name, as the engine reports it now; a patch it does not know is absent.
    report::PatchReport patch(std::string const& name);
    report::Report const& report();

    bool is_loaded(std::string const& name) const { return tree_has("sys/module/" + name); }

    bool started = false;            // the newest engine says that it has
    std::vector<std::string> events; // "KIND PATCH", of all engines so far
    std::vector<report::Event> whole_events;
    std::vector<report::Report> reports; // as they were published

private:
    bool tree_has(std::filesystem::path const& name) const {
        return std::filesystem::exists(tree.path() / name);
    }

    engine::Engine::Parts parts();
    template <class Call>
    Answer ask(Call call);

    boost::asio::io_context* loop() { return loop_.get(); }

    // Behind pointers, since a killed engine's queues go with it.
    std::unique_ptr<boost::asio::io_context> loop_;
    std::unique_ptr<boost::asio::io_context> kernel_queue_;
    std::unique_ptr<boost::asio::io_context> disk_queue_;
    std::unique_ptr<boost::asio::io_context> source_queue_;
    std::unique_ptr<repository::Sources> sources_;
    std::unique_ptr<engine::StateFile> state_file_;
    std::unique_ptr<engine::Engine> engine_;
    bool kernel_held_ = false;
    bool disk_held_ = false;
    bool sources_held_ = false;
    unsigned boots_ = 1;
    std::shared_ptr<Answer> answer_ = std::make_shared<Answer>();
};

} // namespace livepatch::support
