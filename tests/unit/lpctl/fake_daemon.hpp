// A message bus with livepatchd on it, both played by a thread of the test. What it says on the
// wire is real: only the bus daemon between the two is missing.
#pragma once

#include "support/temporary_directory.hpp"

#include <systemd/sd-bus.h>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace livepatch::support {

class FakeDaemon {
public:
    // Replies to a call, on the thread of the bus; returns what sd_bus_reply_… returned.
    using Handler = std::function<int(sd_bus_message* call)>;

    FakeDaemon();
    FakeDaemon(FakeDaemon const&) = delete;
    FakeDaemon& operator=(FakeDaemon const&) = delete;
    ~FakeDaemon();

    std::string address() const;

    // What a method of the daemon does. Without a handler: UnknownMethod.
    void on(std::string const& method, Handler handler);

    void set_running(bool running) { running_ = running; } // has its name

    void set_stuck(bool stuck) { stuck_ = stuck; } // SIGSTOP: takes calls, answers none

    void set_bus_stuck(bool stuck) { bus_stuck_ = stuck; } // not even the handshake

    void hang_up() { hang_up_ = true; } // the bus closes all connections

    std::vector<std::string> calls() const; // method names, in order

private:
    static int filter(sd_bus_message* call, void* self, ::sd_bus_error*);
    int answer(sd_bus_message* call);
    int answer_as_bus(sd_bus_message* call, std::string const& method) const;
    void serve();
    void accept();

    TemporaryDirectory directory_;
    int listener_ = -1;
    std::vector<sd_bus*> connections_;
    std::atomic<bool> running_ = true;
    std::atomic<bool> stuck_ = false;
    std::atomic<bool> bus_stuck_ = false;
    std::atomic<bool> hang_up_ = false;
    std::atomic<bool> over_ = false;
    mutable std::mutex mutex_; // of the two below
    std::map<std::string, Handler> handlers_;
    std::vector<std::string> calls_;
    std::thread thread_;
};

// Handlers.
int reply_nothing(sd_bus_message* call);
FakeDaemon::Handler reply_object(std::string module);
FakeDaemon::Handler reply_error(std::string name, std::string message);

} // namespace livepatch::support
