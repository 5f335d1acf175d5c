// Polkit, in which things go wrong as told.
#pragma once

#include "dbus_server/authoriser.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

namespace livepatch::bus_test {

// Any thread may call any of it.
class AuthoriserScript {
public:
    // Every check of this action fails with an exception.
    void fail(std::string const& action) {
        std::lock_guard const lock(mutex_);
        failing_.insert(action);
    }

    // The next check of this action does not come back for a while: whoever asked is stuck.
    void hang(std::string const& action, std::chrono::milliseconds time) {
        std::lock_guard const lock(mutex_);
        hanging_[action] = time;
    }

    void play(std::string const& action) {
        std::unique_lock lock(mutex_);
        if (failing_.contains(action))
            throw std::runtime_error("as the script says");
        auto const hang = hanging_.extract(action);
        lock.unlock();
        if (hang)
            std::this_thread::sleep_for(hang.mapped());
    }

private:
    std::mutex mutex_;
    std::set<std::string> failing_;
    std::map<std::string, std::chrono::milliseconds> hanging_;
};

class ScriptedAuthoriser : public dbus_server::Authoriser {
public:
    ScriptedAuthoriser(std::unique_ptr<Authoriser> other, AuthoriserScript& script)
        : other_(std::move(other)),
          script_(script) {}

    void identify(std::string const& sender, Identified identified) override {
        other_->identify(sender, std::move(identified));
    }

    void check(
        dbus_server::Caller const& caller,
        std::string const& action,
        bool interactive,
        Verdict verdict
    ) override {
        script_.play(action);
        other_->check(caller, action, interactive, std::move(verdict));
    }

private:
    std::unique_ptr<Authoriser> other_;
    AuthoriserScript& script_;
};

} // namespace livepatch::bus_test
