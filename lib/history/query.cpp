#include "history/query.hpp"

namespace livepatch::history {

bool matches(Query const& query, report::Event const& event) {
    bool const named = query.patch.empty() || query.patch == event.patch || query.patch == event.id;
    return named && event.time >= query.since;
}

} // namespace livepatch::history
