#include "kernel/ordinary_modules.hpp"
#include "support/catch.hpp"

using livepatch::kernel::OrdinaryModules;
using namespace std::chrono_literals;

namespace {

constexpr OrdinaryModules::Time start{1h};

} // namespace

TEST_CASE("flags that were read settle it at once") {
    OrdinaryModules ordinary;
    CHECK_FALSE(ordinary.contains(7, start));
    ordinary.add(7);
    CHECK(ordinary.contains(7, start));
    CHECK_FALSE(ordinary.contains(8, start));
}

TEST_CASE("having no flags settles it when it lasts") {
    OrdinaryModules ordinary;
    ordinary.add_without_flags(7, start);
    CHECK_FALSE(ordinary.contains(7, start));
    ordinary.add_without_flags(7, start + 90ms); // asked again: the first time counts
    CHECK_FALSE(ordinary.contains(7, start + 99ms));
    CHECK(ordinary.contains(7, start + 100ms));
    ordinary.add(7);
    CHECK(ordinary.contains(7, start));
}

TEST_CASE("what is forgotten is asked again") {
    OrdinaryModules ordinary;
    ordinary.add(7);
    ordinary.forget();
    CHECK_FALSE(ordinary.contains(7, start));
}

TEST_CASE("modules that come and go for ever take no memory for ever") {
    OrdinaryModules ordinary;
    for (ino64_t module = 0; module < 10'000; ++module)
        ordinary.add(module);
    CHECK(ordinary.contains(9'999, start));
    CHECK_FALSE(ordinary.contains(0, start)); // as if it had never been asked
}
