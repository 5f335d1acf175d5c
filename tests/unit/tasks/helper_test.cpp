// livepatchd and livepatch-tasks at the two ends of a socket, and whoever else may be there.
#include "support/catch.hpp"
#include "support/fake_kernel_tree.hpp"
#include "support/temporary_directory.hpp"
#include "tasks/helped_task_scanner.hpp"
#include "tasks/helper_client.hpp"
#include "tasks/helper_server.hpp"
#include "tasks/wire.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <functional>
#include <poll.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace livepatch;
using namespace livepatch::tasks;
using namespace std::chrono_literals;

namespace {

using Steady = std::chrono::steady_clock;

class Socket {
public:
    explicit Socket(int backlog = 8)
        : path(directory_.path() / "socket"),
          fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        auto const name = address();
        REQUIRE(::bind(fd.get(), as_generic(name), sizeof name) == 0);
        REQUIRE(::listen(fd.get(), backlog) == 0);
    }

    base::UniqueFd connect() const {
        base::UniqueFd caller(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        auto const name = address();
        REQUIRE(::connect(caller.get(), as_generic(name), sizeof name) == 0);
        return caller;
    }

private:
    static sockaddr const* as_generic(sockaddr_un const& name) {
        return reinterpret_cast<sockaddr const*>(&name); // NOLINT: the sockets' API
    }

    sockaddr_un address() const {
        sockaddr_un name{.sun_family = AF_UNIX, .sun_path = {}};
        std::strncpy(static_cast<char*>(name.sun_path), path.c_str(), sizeof name.sun_path - 1);
        return name;
    }

    support::TemporaryDirectory directory_;

public:
    std::filesystem::path const path;
    base::UniqueFd const fd;
};

// A helper that does with its first caller whatever the test wants.
class Impostor {
public:
    explicit Impostor(std::function<void(int caller)> act)
        : thread_([this, act = std::move(act)] {
              base::UniqueFd const caller(::accept(socket.fd.get(), nullptr, nullptr));
              act(caller.get());
          }) {}

    Impostor(Impostor const&) = delete;
    Impostor& operator=(Impostor const&) = delete;

    ~Impostor() { thread_.join(); }

    Socket socket;

private:
    std::thread thread_;
};

void send(int fd, std::string_view text) {
    (void)::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
}

// Whatever comes, up to its end.
std::string receive(int fd) {
    std::string text;
    char buffer[4096]; // NOLINT
    for (ssize_t got = 0; (got = ::recv(fd, buffer, sizeof buffer, 0)) > 0;)
        text.append(static_cast<char const*>(buffer), static_cast<std::size_t>(got));
    return text;
}

HelperClient client(std::filesystem::path const& path, std::chrono::milliseconds patience) {
    return {path, patience, ::geteuid()};
}

base::Error refusal(std::function<void(int caller)> act) {
    Impostor const impostor(std::move(act));
    return client(impostor.socket.path, 2s).scan(1).error();
}

// The server in a thread, on a kernel of files.
class Helper {
public:
    Helper() = default;
    Helper(Helper const&) = delete;
    Helper& operator=(Helper const&) = delete;

    ~Helper() { wait(); }

    // Ends soon after the last call, unless told otherwise.
    void start(HelperServer::Limits limits = {.idle = 200ms}, bool admit = true) {
        thread_ = std::thread([this, limits, admit] {
            HelperServer const server(
                scanner, [admit](int) { return admit; }, limits
            );
            ended = server.run(socket.fd.get()).has_value();
        });
    }

    // Until it ends by itself.
    void wait() {
        if (thread_.joinable())
            thread_.join();
    }

    support::FakeKernelTree tree;
    kernel::ProcTaskScanner scanner{tree.root()};
    Socket socket;
    std::atomic<bool> ended = false;

private:
    std::thread thread_;
};

// Answers as told, in turn, then as the last time.
class Scripted : public kernel::TaskScanner {
public:
    base::Result<kernel::TaskScan> scan(int) override {
        ++calls;
        return answer;
    }

    base::Result<kernel::TaskScan> answer = kernel::TaskScan{};
    int calls = 0;
};

struct HelpedBench {
    Scripted helper;
    Scripted own;
    Steady::time_point now{1h};
    std::vector<bool> news = {}; // whether it was missing
    HelpedTaskScanner scanner{
        helper,
        own,
        [this](auto const& missing) { news.push_back(missing.has_value()); },
        [this] { return now; }};
};

base::Error no_helper(int os_error) {
    return base::system_error("livepatch-tasks", "cannot connect", os_error);
}

kernel::TaskScan one_task() {
    return {.tasks = {{.pid = 1, .tid = 1}}};
}

} // namespace

TEST_CASE("the helper answers what it sees in /proc") {
    Helper helper;
    helper.tree.set_task(
        {.pid = 7,
         .patch_state = 0,
         .comm = "odd\nname",
         .state = 'D',
         .wchan = "f",
         .stack = "[<0>] f+0x1/0x2 [m]\n",
         .uid = 1000}
    );
    helper.tree.set_task({.pid = 8, .patch_state = 1});
    helper.start();
    auto asking = client(helper.socket.path, 5s);
    auto const enabling = asking.scan(1).value();
    REQUIRE(enabling.tasks.size() == 1);
    auto const& task = enabling.tasks[0];
    CHECK(task.tid == 7);
    CHECK(task.comm == "odd\nname");
    CHECK(task.wchan == "f");
    CHECK(task.stack == std::vector<std::string>{"f+0x1/0x2 [m]"});
    CHECK(task.uid == 1000);
    auto const disabling = asking.scan(0).value();
    REQUIRE(disabling.tasks.size() == 1);
    CHECK(disabling.tasks[0].tid == 8);
}

TEST_CASE("a scan that fails there is an error here") {
    Helper helper; // a kernel without tasks
    helper.start();
    auto const got = client(helper.socket.path, 5s).scan(1);
    REQUIRE_FALSE(got);
    CHECK(got.error().cause.find("no task has a patch_state") != std::string::npos);
}

TEST_CASE("the helper ends when nobody calls, and after its time whoever calls") {
    SECTION("idle") {
        Helper helper;
        helper.start({.idle = 50ms});
        helper.wait();
        CHECK(helper.ended);
    }
    SECTION("its time is over") {
        Helper helper;
        helper.start({.idle = 10s, .life = 300ms});
        std::thread caller([&] {
            for (auto const end = Steady::now() + 10s; !helper.ended && Steady::now() < end;)
                (void)client(helper.socket.path, 100ms).scan(1);
        });
        helper.wait();
        caller.join();
        CHECK(helper.ended);
    }
}

TEST_CASE("who is not admitted gets no answer") {
    Helper helper;
    helper.tree.set_task({.pid = 7, .patch_state = 0});
    helper.start({.idle = 200ms}, false);
    CHECK(client(helper.socket.path, 5s).scan(1).has_error());
    auto const caller = helper.socket.connect();
    send(caller.get(), wire::request(1));
    CHECK(receive(caller.get()).empty());
}

TEST_CASE("the helper answers nothing but a request, and goes on") {
    Helper helper;
    helper.tree.set_task({.pid = 7, .patch_state = 0});
    helper.start({.request = 100ms, .idle = 300ms});
    for (auto const& text :
         {std::string("target 2\n"),
          std::string("target 1"),
          std::string("GET / HTTP/1.1\r\n\r\n"),
          std::string(100'000, 't'),
          wire::request(1) + wire::request(1)}) {
        auto const caller = helper.socket.connect();
        send(caller.get(), text);
        ::shutdown(caller.get(), SHUT_WR);
        CHECK(receive(caller.get()).empty());
    }
    auto const silent = helper.socket.connect(); // is given up after its time
    CHECK(receive(silent.get()).empty());
    CHECK(client(helper.socket.path, 5s).scan(1).value().tasks.size() == 1);
}

TEST_CASE("who does not read his answer keeps the helper no longer than his time") {
    Helper helper;
    std::string stack;
    for (int i = 0; i < 64; ++i)
        stack += "[<0>] " + std::string(100, 'f') + "+0x1/0x2\n";
    for (pid_t pid = 1; pid <= 60; ++pid) // together more than a socket takes in
        helper.tree.set_task({.pid = pid, .patch_state = 0, .stack = stack});
    helper.start({.answer = 100ms, .idle = 300ms});
    auto const lazy = helper.socket.connect();
    send(lazy.get(), wire::request(1));
    ::shutdown(lazy.get(), SHUT_WR);
    CHECK(client(helper.socket.path, 10s).scan(1).value().tasks.size() == 60);
}

TEST_CASE("an answer that is none is an error") {
    auto const good = wire::encode(kernel::TaskScan{.tasks = {{.pid = 1, .tid = 1}}});
    CHECK(refusal([](int caller) {
              receive(caller);
              send(caller, "HTTP/1.1 400 Bad Request\r\n");
          }).cause == "the answer is not a list of tasks");
    CHECK(refusal([](int caller) { receive(caller); }).cause == "gives no answer");
    CHECK(refusal([&](int caller) {
              receive(caller);
              send(caller, good.substr(0, good.size() - 1));
          }).cause == "the answer is not a list of tasks");
    CHECK(refusal([](int) {}).subject == "livepatch-tasks"); // hangs up unasked
}

TEST_CASE("an answer without end is cut off at its limit") {
    std::size_t sent = 0;
    auto const error = refusal([&](int caller) {
        std::string const chunk(64 * 1024, 'x');
        for (ssize_t got = 0; got >= 0; sent += static_cast<std::size_t>(std::max<ssize_t>(got, 0)))
            got = ::send(caller, chunk.data(), chunk.size(), MSG_NOSIGNAL);
    });
    CHECK(error.os_error == EMSGSIZE);
    CHECK(sent < 2 * wire::largest_answer);
}

TEST_CASE("the client waits no longer than its patience") {
    auto const took = [](std::function<void(int caller)> act) {
        Impostor const impostor(std::move(act));
        auto const begin = Steady::now();
        auto const error = client(impostor.socket.path, 150ms).scan(1).error();
        CHECK(error.os_error == ETIMEDOUT);
        return Steady::now() - begin;
    };
    // Says nothing until the client hangs up; or a byte now and then, for ever.
    auto const silent = [](int caller) {
        pollfd peer{.fd = caller, .events = 0, .revents = 0};
        ::poll(&peer, 1, 10'000);
    };
    auto const dripping = [](int caller) {
        while (::send(caller, "x", 1, MSG_NOSIGNAL) == 1)
            std::this_thread::sleep_for(20ms);
    };
    CHECK(took(silent) < 5s);
    CHECK(took(dripping) < 5s);
}

TEST_CASE("nobody at the socket, or nobody who takes calls, is an error at once") {
    support::TemporaryDirectory const directory;
    CHECK(client(directory.path() / "none", 10s).scan(1).error().os_error == ENOENT);
    CHECK(
        client(directory.path() / std::string(200, 'x'), 10s).scan(1).error().os_error ==
        ENAMETOOLONG
    );
    Socket const socket(1);
    auto const begin = Steady::now();
    int last = 0;
    for (int i = 0; i < 5 && last != EAGAIN; ++i)
        last = client(socket.path, 50ms).scan(1).error().os_error;
    CHECK(last == EAGAIN); // its queue is full
    CHECK(Steady::now() - begin < 5s);
}

TEST_CASE("a socket that somebody else listens on is not believed") {
    Helper helper;
    helper.tree.set_task({.pid = 7, .patch_state = 0});
    helper.start();
    CHECK(HelperClient(helper.socket.path, 5s, ::geteuid() + 1).scan(1).error().os_error == EPERM);
    CHECK(client(helper.socket.path, 5s).scan(1));
}

TEST_CASE("a helper that answers is believed") {
    HelpedBench bench;
    bench.helper.answer = one_task();
    CHECK(bench.scanner.scan(1).value().tasks.size() == 1);
    CHECK(bench.own.calls == 0);
    CHECK(bench.news.empty());
}

TEST_CASE("without the helper the daemon looks itself and says what it could not see") {
    HelpedBench bench;
    bench.helper.answer = no_helper(ENOENT);
    bench.own.answer = kernel::TaskScan{.tasks = {{.pid = 1, .tid = 1}}, .unreadable = 3};
    auto const scan = bench.scanner.scan(1).value();
    CHECK(scan.tasks.size() == 1);
    CHECK(scan.unreadable == 3);
    REQUIRE(scan.unhelped);
    CHECK(scan.unhelped->os_error == ENOENT);

    // Asked each time, told once.
    (void)bench.scanner.scan(1);
    CHECK(bench.helper.calls == 2);
    CHECK(bench.news == std::vector<bool>{true});
    bench.helper.answer = one_task();
    CHECK_FALSE(bench.scanner.scan(1).value().unhelped);
    CHECK(bench.news == std::vector<bool>{true, false});
}

TEST_CASE("who may see everything himself misses nothing without the helper") {
    HelpedBench bench;
    bench.helper.answer = no_helper(ENOENT);
    bench.own.answer = one_task();
    CHECK_FALSE(bench.scanner.scan(1).value().unhelped);
    bench.own.answer = base::system_error("/proc", "cannot open", EMFILE);
    CHECK(bench.scanner.scan(1).error().os_error == EMFILE);
}

TEST_CASE("a helper that keeps us waiting is left alone for a while, longer each time") {
    HelpedBench bench;
    bench.helper.answer = no_helper(ETIMEDOUT);
    for (auto const pause : {5s, 10s, 20s, 40s, 80s, 160s, 320s, 320s}) {
        auto const calls = bench.helper.calls;
        (void)bench.scanner.scan(1);
        CHECK(bench.helper.calls == calls + 1);
        bench.now += pause - 1ms;
        (void)bench.scanner.scan(1);
        CHECK(bench.helper.calls == calls + 1);
        bench.now += 1ms;
    }
    bench.helper.answer = one_task();
    (void)bench.scanner.scan(1);
    CHECK(bench.news == std::vector<bool>{true, false});
    bench.helper.answer = no_helper(ETIMEDOUT);
    (void)bench.scanner.scan(1);
    bench.now += 5s;
    auto const calls = bench.helper.calls;
    (void)bench.scanner.scan(1);
    CHECK(bench.helper.calls == calls + 1);
}
