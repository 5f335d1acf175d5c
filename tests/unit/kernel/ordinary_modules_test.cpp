#include "kernel/ordinary_modules.hpp"
#include "support/catch.hpp"

using livepatch::kernel::OrdinaryModules;
using namespace std::chrono_literals;

namespace {

constexpr OrdinaryModules::Time start{1h};

} // namespace

TEST_CASE("flags that were read settle it at once") {
    OrdinaryModules ordinary;
    CHECK_FALSE(ordinary.contains(7));
    ordinary.add(7);
    CHECK(ordinary.contains(7));
    CHECK_FALSE(ordinary.contains(8));
}

TEST_CASE("having no flags settles it when it lasts") {
    OrdinaryModules ordinary;
    ordinary.add_without_flags(7, start);
    CHECK_FALSE(ordinary.contains(7));
    ordinary.add_without_flags(7, start + 90ms);
    CHECK_FALSE(ordinary.contains(7));
    ordinary.add_without_flags(7, start + 100ms);
    CHECK(ordinary.contains(7));
}

TEST_CASE("what is forgotten is asked again") {
    OrdinaryModules ordinary;
    ordinary.add(7);
    ordinary.forget();
    CHECK_FALSE(ordinary.contains(7));
}

TEST_CASE("a livepatch that was seen half made is no ordinary module later") {
    OrdinaryModules ordinary;
    ordinary.add_without_flags(7, start);
    ordinary.remove(7); // its flags have come
    ordinary.add_without_flags(7, start + 1s);
    CHECK_FALSE(ordinary.contains(7));
}

TEST_CASE("modules that are gone are forgotten") {
    OrdinaryModules ordinary;
    ordinary.add(7);
    ordinary.add_without_flags(8, start);
    ordinary.add_without_flags(8, start + 1s);
    ordinary.add(9);
    ordinary.keep({9, 10});
    CHECK_FALSE(ordinary.contains(7));
    CHECK_FALSE(ordinary.contains(8));
    CHECK(ordinary.contains(9));
    CHECK_FALSE(ordinary.contains(10));
}
