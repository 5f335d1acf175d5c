#include "engine/request_queue.hpp"

#include <algorithm>
#include <utility>

namespace livepatch::engine {

base::Result<void> RequestQueue::add(Request request, Done done, bool urgent) {
    if (pending_.size() >= capacity && !urgent) {
        return base::Error{
            .code = base::Errc::busy,
            .subject = request.name,
            .cause = std::to_string(capacity) + " requests are waiting already",
            .remedy = "wait for them: lpctl status"};
    }
    request.id = ++last_id_;
    done_.emplace(request.id, std::move(done));
    pending_.push_back(std::move(request));
    return {};
}

void RequestQueue::finish(std::uint64_t id, std::optional<base::Error> error) {
    auto node = done_.extract(id);
    if (!node)
        return;
    std::erase_if(pending_, [&](auto const& request) { return request.id == id; });
    answers_.push_back([done = std::move(node.mapped()), error = std::move(error)] {
        done(error ? base::Result<void>(*error) : base::Result<void>());
    });
}

void RequestQueue::answer() {
    for (auto const& answer : std::exchange(answers_, {}))
        answer();
}

Request const* RequestQueue::find(std::uint64_t id) const {
    auto const found = std::find_if(pending_.begin(), pending_.end(), [&](auto const& request) {
        return request.id == id;
    });
    return found == pending_.end() ? nullptr : &*found;
}

void RequestQueue::cancel(Request::Kind kind, std::string const& name, std::string const& why) {
    std::vector<std::uint64_t> cancelled;
    for (auto const& request : pending_)
        if (request.kind == kind && request.name == name)
            cancelled.push_back(request.id);
    for (auto const id : cancelled)
        finish(
            id, base::Error{.code = base::Errc::failed, .subject = name, .cause = why, .remedy = {}}
        );
}

} // namespace livepatch::engine
