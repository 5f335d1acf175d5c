#include "repository/offer.hpp"

#include <cstring>

namespace livepatch::repository {

bool preferred(Offer const& left, Offer const& right) {
    if (left.refused.has_value() != right.refused.has_value())
        return !left.refused.has_value();
    if (left.priority != right.priority)
        return left.priority > right.priority;
    if (left.source != right.source)
        return left.source < right.source;
    return ::strverscmp(left.place_in_source().c_str(), right.place_in_source().c_str()) > 0;
}

} // namespace livepatch::repository
