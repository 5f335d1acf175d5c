// A value or an Error. A class of its own, not an alias, because GCC ignores [[nodiscard]] on an
// alias.
#pragma once

#include "base/error.hpp"

#include <boost/system/result.hpp>

namespace livepatch::base {

template <class T>
class [[nodiscard]] Result : public boost::system::result<T, Error> {
public:
    using boost::system::result<T, Error>::result;
};

} // namespace livepatch::base
