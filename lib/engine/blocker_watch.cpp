#include "engine/blocker_watch.hpp"

#include <utility>

namespace livepatch::engine {

namespace {

base::Result<BlockerWatch::Scan> shared(base::Result<kernel::TaskScan> scan) {
    if (!scan)
        return scan.error();
    return std::make_shared<kernel::TaskScan const>(std::move(scan).value());
}

} // namespace

BlockerWatch::BlockerWatch(base::Clock& clock, base::Worker worker, kernel::TaskScanner& scanner)
    : clock_(clock),
      worker_(std::move(worker)),
      scanner_(scanner) {}

void BlockerWatch::follow(std::string const& patch, int target) {
    Subject subject{patch, target};
    if (subject_ == subject)
        return;
    if (!subject_ || subject_->patch != patch)
        since_ = clock_.now();
    subject_ = std::move(subject);
    last_.reset();
}

void BlockerWatch::rest() {
    subject_.reset();
    last_.reset();
}

bool BlockerWatch::is_fresh() const {
    return last_ && clock_.now() - last_at_ < interval;
}

void BlockerWatch::request(Done done) {
    if (!subject_)
        return done(std::make_shared<kernel::TaskScan const>());
    if (is_fresh())
        return done(*last_);
    waiting_.push_back(std::move(done));
    scan();
}

void BlockerWatch::refresh(std::function<void()> scanned) {
    bool const early = clock_.now() - since_ < patience;
    if (!subject_ || early || is_fresh() || scanning_)
        return;
    waiting_.emplace_back([scanned = std::move(scanned)](auto const&) { scanned(); });
    scan();
}

void BlockerWatch::scan() {
    if (std::exchange(scanning_, true))
        return;
    worker_.run(
        [this, target = subject_->target] { return scanner_.scan(target); },
        [this, subject = *subject_](auto result) { take(subject, std::move(result)); }
    );
}

void BlockerWatch::take(Subject const& subject, base::Result<kernel::TaskScan> result) {
    scanning_ = false;
    if (!subject_)
        return answer(std::make_shared<kernel::TaskScan const>()); // it ended meanwhile
    auto const scanned = shared(std::move(result));
    if (*subject_ == subject) {
        last_ = scanned;
        last_at_ = clock_.now();
    } else if (!waiting_.empty()) {
        return scan(); // they asked about another one
    }
    answer(scanned);
}

void BlockerWatch::answer(base::Result<Scan> const& result) {
    for (auto const& done : std::exchange(waiting_, {}))
        done(result);
}

kernel::TaskScan const* BlockerWatch::newest() const {
    return last_ && *last_ ? (*last_)->get() : nullptr;
}

std::uint32_t BlockerWatch::tasks_remaining() const {
    auto const* scan = newest();
    return scan == nullptr ? 0 : static_cast<std::uint32_t>(scan->tasks.size() + scan->omitted);
}

std::string BlockerWatch::unseen() const {
    auto const* scan = newest();
    if (scan == nullptr || scan->unreadable == 0)
        return {};
    auto const text = "tasks-unseen: " + std::to_string(scan->unreadable) +
                      " tasks cannot be looked at and may block the transition too";
    return scan->unhelped ? text + ": " + describe(*scan->unhelped) : text;
}

} // namespace livepatch::engine
