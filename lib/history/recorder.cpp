#include "history/recorder.hpp"

#include "base/text.hpp"

#include <iterator>
#include <utility>

namespace livepatch::history {

namespace {

constexpr auto code_not_written = "history-not-written";
constexpr auto code_damaged = "history-damaged";

constexpr std::size_t longest_text = 2048;
constexpr std::size_t longest_line = 512;
constexpr std::size_t most_lines = 64;

std::string clipped(std::string const& text, std::size_t longest) {
    constexpr std::string_view more = "...";
    if (text.size() <= longest)
        return base::escaped(text);
    return base::escaped(std::string_view(text).substr(0, longest - more.size())) +
           std::string(more);
}

std::vector<std::string> clipped(std::vector<std::string> lines) {
    if (lines.size() > most_lines)
        lines.resize(most_lines);
    for (auto& line : lines)
        line = clipped(line, longest_line);
    return lines;
}

report::Event clipped(report::Event event) {
    for (auto* text :
         {&event.patch,
          &event.id,
          &event.version,
          &event.signer,
          &event.source,
          &event.caller.sender,
          &event.caller.unit})
        *text = clipped(*text, longest_line);
    event.message = clipped(event.message, longest_text);
    event.reason = clipped(event.reason, longest_text);
    event.kernel_log = clipped(std::move(event.kernel_log));
    event.blockers = clipped(std::move(event.blockers));
    return event;
}

// About what it takes in memory.
std::size_t size(report::Event const& event) {
    std::size_t bytes = sizeof event;
    for (auto const* text :
         {&event.patch,
          &event.id,
          &event.sha256,
          &event.message,
          &event.version,
          &event.signer,
          &event.source,
          &event.caller.sender,
          &event.caller.unit,
          &event.reason,
          &event.boot_id,
          &event.kernel_release})
        bytes += text->size();
    for (auto const* lines : {&event.kernel_log, &event.blockers})
        for (auto const& line : *lines)
            bytes += sizeof line + line.size();
    return bytes;
}

std::size_t size(std::vector<report::Event> const& events) {
    std::size_t bytes = 0;
    for (auto const& event : events)
        bytes += size(event);
    return bytes;
}

std::string events_text(std::size_t count) {
    return std::to_string(count) + (count == 1 ? " event" : " events");
}

template <class Events>
void add_newest_first(
    Query const& query, Events const& from, std::vector<report::Event>& to, std::size_t most
) {
    for (auto event = from.rbegin(); event != from.rend() && to.size() < most; ++event)
        if (matches(query, *event))
            to.push_back(*event);
}

} // namespace

void Recorder::record(report::Event event) {
    event = clipped(std::move(event));
    auto const bytes = size(event);
    if (lost_ || bytes_ + bytes > most_waiting)
        return lose(event);
    bytes_ += bytes;
    waiting_.push_back(std::move(event));
    if (!again_)
        write();
}

// What came first is kept: it tells how it began. After one that is lost all are, so that what is
// missing is one piece.
void Recorder::lose(report::Event const& event) {
    if (!lost_)
        lost_ = Lost{.count = 0, .first = event.time, .last = event.time};
    ++lost_->count;
    lost_->last = event.time;
}

void Recorder::write() {
    if (writing_)
        return;
    again_.reset();
    rest_.reset();
    writing_ = std::make_shared<Batch>();
    writing_->events.assign(
        std::move_iterator(waiting_.begin()), std::move_iterator(waiting_.end())
    );
    waiting_.clear();
    parts_.worker.run(
        [this, batch = writing_, now = parts_.clock.wall()] {
            auto result = parts_.database.append(batch->events, now);
            batch->written = result.has_value();
            return Written{.result = std::move(result), .damage = parts_.database.damage()};
        },
        [this](Written const& outcome) { written(outcome); }
    );
}

void Recorder::written(Written const& outcome) {
    auto const batch = std::exchange(writing_, {});
    parts_.complain(
        code_damaged, outcome.damage ? std::vector{*outcome.damage} : std::vector<std::string>()
    );
    if (!outcome.result) {
        put_back(std::move(batch->events));
        complain(outcome.result.error());
        again_ = parts_.clock.alarm(parts_.clock.now() + retry_after, [this] { write(); });
        return;
    }
    bytes_ -= size(batch->events);
    parts_.complain(code_not_written, {});
    if (auto const loss = told_loss())
        record(*loss);
    if (!waiting_.empty())
        write();
    if (!writing_)
        close_later();
}

void Recorder::put_back(std::vector<report::Event> events) {
    waiting_.insert(
        waiting_.begin(), std::move_iterator(events.begin()), std::move_iterator(events.end())
    );
}

void Recorder::complain(base::Error const& error) {
    auto words = describe(error);
    if (!waiting_.empty())
        words += "; " + events_text(waiting_.size()) + " wait to be written";
    if (lost_)
        words += "; " + events_text(lost_->count) + " after them found no room and are lost";
    parts_.complain(code_not_written, {std::move(words)});
}

// Its own place in the history is where they are missing.
std::optional<report::Event> Recorder::told_loss() {
    if (!lost_)
        return std::nullopt;
    auto const lost = *std::exchange(lost_, std::nullopt);
    return report::Event{
        .kind = report::EventKind::operation_failed,
        .time = parts_.clock.wall(),
        .patch = {},
        .id = {},
        .sha256 = {},
        .message = "history: " + events_text(lost.count) + " from " + base::rfc3339(lost.first) +
                   " to " + base::rfc3339(lost.last) +
                   " are missing here: the database could not be written for too long",
    };
}

void Recorder::close_later() {
    rest_ = parts_.clock.alarm(parts_.clock.now() + close_after, [this] {
        parts_.worker.run(
            [this] {
                parts_.database.close();
                return true;
            },
            [](bool) {}
        );
    });
}

void Recorder::read(
    Query const& query, std::function<void(base::Result<std::vector<report::Event>>)> done
) {
    parts_.worker.run(
        [this, query] { return parts_.database.read(query); },
        [this, query, done = std::move(done)](base::Result<std::vector<report::Event>> read) {
            if (!writing_ && !again_)
                close_later();
            if (!read)
                return done(read);
            std::vector<report::Event> events;
            add_newest_first(query, waiting_, events, query.limit);
            if (writing_)
                add_newest_first(query, writing_->events, events, query.limit);
            for (auto& event : *read)
                if (events.size() < query.limit)
                    events.push_back(std::move(event));
            done(std::move(events));
        }
    );
}

void Recorder::retain(Retention retention) {
    parts_.worker.run(
        [this, retention] {
            parts_.database.retain(retention);
            return true;
        },
        [this](bool) {
            if (!again_)
                write(); // forgets what is not to be kept any more, and looks for damage again
        }
    );
}

base::Result<void> Recorder::finish() {
    again_.reset();
    rest_.reset();
    if (auto const batch = std::exchange(writing_, {}); batch && !batch->written)
        put_back(std::move(batch->events));
    if (auto loss = told_loss())
        waiting_.push_back(std::move(*loss));
    std::vector<report::Event> const events(waiting_.begin(), waiting_.end());
    waiting_.clear();
    auto result =
        events.empty() ? base::Result<void>() : parts_.database.append(events, parts_.clock.wall());
    parts_.database.close();
    return result;
}

} // namespace livepatch::history
