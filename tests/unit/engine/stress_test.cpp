// The engine with real threads and real time, two seconds of everything at once: for the thread
// sanitizer, and for whatever order nobody thought of.
#include "support/catch.hpp"
#include "support/engine_bench.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <random>
#include <thread>

using namespace livepatch;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

constexpr int patches = 4;

std::string lp(int number) {
    return "lp_" + std::to_string(number);
}

class Stress {
public:
    Stress() {
        for (auto const* name : {"source", "keys", "state"})
            fs::create_directories(directory_.path() / name);
        directory_.write("keys/test.pem", support::test_key().certificate_pem());
        for (int i = 0; i < patches; ++i)
            directory_.write(
                "source/" + lp(i) + ".ko",
                support::ModuleFile{.name = lp(i), .replace = i == patches - 1}.signed_by(
                    support::test_key()
                )
            );
    }

    void run(std::chrono::seconds duration) {
        engine_.on_report([](report::Report const&) {});
        engine_.start([this] { act(); });
        auto const end = clock_.alarm(clock_.now() + duration, [this] { over_ = true; });
        std::jthread const kernel([this] { move_kernel(); });
        loop_.run();
        for (auto* thread : {&kernel_thread_, &disk_thread_}) {
            thread->stop();
            thread->join();
        }
    }

    int asked() const { return asked_; }

    int answered() const { return answered_; }

private:
    // Asks for something, and a moment later for something else. When the time is over it waits for
    // the answers.
    void act() {
        if (over_ && answered_ == asked_) {
            done_ = true;
            return loop_.stop();
        }
        if (!over_)
            ask();
        next_ = clock_.alarm(clock_.now() + 2ms, [this] { act(); });
    }

    void ask() {
        auto const name = lp(pick(patches));
        ++asked_;
        auto const answer = [this](auto const&) { ++answered_; };
        switch (pick(8)) {
        case 0:
        case 1:
        case 2:
            return engine_.apply(name, {}, answer);
        case 3:
        case 4:
            return engine_.revert(name, {}, answer);
        case 5:
            return engine_.revert_all({}, answer);
        case 6:
            return engine_.blockers(answer);
        default:
            (void)engine_.report();
            return engine_.retry(answer);
        }
    }

    // The kernel goes on by itself, and other tools interfere.
    void move_kernel() {
        std::minstd_rand random(7);
        while (!done_) {
            std::this_thread::sleep_for(1ms);
            kernel_.finish_transition();
            auto const name = lp(static_cast<int>(random() % patches));
            if (random() % 16 == 0)
                kernel_.foreign_disable(name);
            if (random() % 64 == 0)
                kernel_.foreign_remove(name);
            if (random() % 4 == 0)
                boost::asio::post(loop_, [this] { engine_.notice(); });
        }
    }

    int pick(int count) { return static_cast<int>(random_() % static_cast<unsigned>(count)); }

    support::TemporaryDirectory directory_;
    support::FakeKernelTree tree_;
    support::EmulatedKernel kernel_{tree_};
    support::ScriptedScanner scanner_;
    boost::asio::io_context loop_{1};
    base::SystemClock clock_{loop_.get_executor()};
    repository::Sources sources_{
        {{.name = "test", .path = directory_.path() / "source", .keys = {}}},
        directory_.path() / "keys",
        repository::RunningKernel("6.1.0-56-amd64")};
    engine::StateFile state_file_{directory_.path() / "state"};
    boost::asio::thread_pool kernel_thread_{1};
    boost::asio::thread_pool disk_thread_{1};
    boost::asio::thread_pool source_thread_{1};
    std::minstd_rand random_{1};
    std::atomic<bool> done_ = false;
    bool over_ = false;
    int asked_ = 0;
    int answered_ = 0;
    engine::Engine engine_{
        {.loop = loop_.get_executor(),
         .clock = clock_,
         .kernel_worker = {kernel_thread_.get_executor(), loop_.get_executor()},
         .disk_worker = {disk_thread_.get_executor(), loop_.get_executor()},
         .task_worker = {disk_thread_.get_executor(), loop_.get_executor()},
         .source_worker = {source_thread_.get_executor(), loop_.get_executor()},
         .check_worker = {source_thread_.get_executor(), loop_.get_executor()},
         .preflight = preflight::Preflight(tree_.root(), directory_.path(), directory_.path()),
         .loader = kernel_,
         .tree = kernel::LivepatchTree(tree_.root()),
         .scanner = scanner_,
         .sources = sources_,
         .state_file = state_file_,
         .kill_switch = {directory_.path() / "disable", tree_.path() / "proc/cmdline"},
         .identity = kernel::identify(tree_.root()).value()}};
    std::unique_ptr<base::Alarm> next_;
};

} // namespace

TEST_CASE("everything at once, with threads") {
    Stress stress;
    stress.run(2s);
    CHECK(stress.asked() > 50);
    CHECK(stress.answered() == stress.asked());
}
