#include "hints.hpp"

#include "base/text.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace livepatch::daemon {

Hints::Hints(
    boost::asio::io_context& io,
    base::Clock& clock,
    kernel::Root root,
    LogMark log_mark,
    Handlers handlers,
    Kind kind
)
    : io_(io),
      clock_(clock),
      root_(std::move(root)),
      log_mark_(std::move(log_mark)),
      handlers_(std::move(handlers)) {
    follow_log();
    if (kind == Kind::all)
        follow_uevents();
}

template <class Owner>
void Hints::follow(Hint<Owner>& hint, base::Result<Owner> opened, Read read, Follow again) {
    hint.again.reset();
    hint.readable.reset();
    hint.owner.reset();
    if (!opened)
        return fail(hint, opened.error(), again);
    hint.owner.emplace(std::move(opened).value());
    hint.readable.emplace(io_, hint.owner->fd(), [this, read] { return (this->*read)(); });
    hint.failing = false;
    hint.delay.reset();
    handlers_.complain(hint.code, {});
}

template <class Owner>
void Hints::fail(Hint<Owner>& hint, base::Error const& error, Follow again) {
    if (!std::exchange(hint.failing, true))
        spdlog::warn("{}: {}", hint.code, describe(error));
    handlers_.complain(hint.code, {describe(error)});
    hint.again =
        clock_.alarm(clock_.now() + hint.delay.next(), [this, again] { (this->*again)(); });
}

// Without it transitions are seen up to 200 ms later.
void Hints::follow_log() {
    bool const missed = log_.failing;
    follow(
        log_, kernel::KernelLog::open(root_, log_mark_.next()), &Hints::read_log, &Hints::follow_log
    );
    if (missed && !log_.failing)
        handlers_.hints_lost();
}

// Without them what other tools load is seen when somebody looks.
void Hints::follow_uevents() {
    bool const missed = uevents_.failing;
    follow(uevents_, kernel::Uevents::open(), &Hints::read_uevents, &Hints::follow_uevents);
    if (missed && !uevents_.failing)
        handlers_.hints_lost();
}

bool Hints::read_log() {
    auto const batch = log_.owner->read_new();
    if (!batch) {
        fail(log_, batch.error(), &Hints::follow_log);
        return false;
    }
    if (batch->lost)
        spdlog::debug("the kernel's log has overtaken us: looking at everything");
    if (!batch->lines.empty()) {
        auto const in_work = handlers_.kernel_said(batch->lines);
        log_mark_.put(in_work.value_or(batch->lines.back().sequence + 1));
    }
    bool moved = false;
    for (auto const& line : batch->lines) {
        if (!kernel::concerns_livepatch(line))
            continue;
        spdlog::debug("kernel: {}", base::escaped(line.text));
        moved = true;
    }
    if (batch->lost)
        handlers_.hints_lost();
    else if (moved)
        handlers_.kernel_moved();
    return true;
}

bool Hints::read_uevents() {
    auto const batch = uevents_.owner->read_new();
    if (!batch) {
        fail(uevents_, batch.error(), &Hints::follow_uevents);
        return false;
    }
    if (batch->lost) {
        spdlog::debug("kernel events were lost: looking at everything");
        handlers_.hints_lost();
    } else if (!batch->events.empty()) {
        handlers_.kernel_moved();
    }
    return true;
}

} // namespace livepatch::daemon
