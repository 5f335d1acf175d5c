// Time that passes when the test says so.
#pragma once

#include "base/clock.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>

namespace livepatch::support {

class SimulatedClock : public base::Clock {
public:
    Monotonic now() const override { return now_; }

    Wall wall() const override {
        return begin + std::chrono::duration_cast<Wall::duration>(now_ - start) + set_;
    }

    // The machine was suspended for so long, or somebody set its clock: no alarm knows of it.
    void shift_wall(std::chrono::seconds by) { set_ += by; }

    std::unique_ptr<base::Alarm> alarm(Monotonic when, std::function<void()> ring) override {
        Key const key{when, ++last_};
        alarms_->emplace(key, std::move(ring));
        return std::make_unique<Armed>(alarms_, key);
    }

    // How many alarms are set, and when the next one goes off.
    std::size_t armed() const { return alarms_->size(); }

    std::optional<Monotonic> next() const {
        return alarms_->empty() ? std::nullopt : std::optional(alarms_->begin()->first.first);
    }

    // Lets the alarms that are due by then go off, each at its time. What they set meanwhile and is
    // due as well goes off, too.
    void advance_to(Monotonic when) {
        while (!alarms_->empty() && alarms_->begin()->first.first <= when) {
            auto const first = alarms_->extract(alarms_->begin()); // it may destroy its own alarm
            now_ = std::max(now_, first.key().first);
            first.mapped()();
        }
        now_ = std::max(now_, when);
    }

    static constexpr Wall begin{std::chrono::seconds{1'767'225'600}}; // 2026-01-01T00:00:00Z

private:
    using Key = std::pair<Monotonic, unsigned>;
    using Alarms = std::map<Key, std::function<void()>>;

    static constexpr Monotonic start{std::chrono::hours{1}};

    class Armed : public base::Alarm {
    public:
        Armed(std::shared_ptr<Alarms> alarms, Key key) : alarms_(std::move(alarms)), key_(key) {}

        ~Armed() override { alarms_->erase(key_); }

    private:
        std::shared_ptr<Alarms> alarms_;
        Key key_;
    };

    Monotonic now_ = start;
    std::chrono::seconds set_{0};
    unsigned last_ = 0;
    std::shared_ptr<Alarms> alarms_ = std::make_shared<Alarms>();
};

} // namespace livepatch::support
