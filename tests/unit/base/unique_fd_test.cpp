#include "base/unique_fd.hpp"
#include "support/catch.hpp"

#include <fcntl.h>

using livepatch::base::UniqueFd;

namespace {

bool is_open(int fd) {
    return ::fcntl(fd, F_GETFD) >= 0;
}

UniqueFd null_device() {
    return UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}

} // namespace

TEST_CASE("a moved-from descriptor closes nothing") {
    auto first = null_device();
    int const number = first.get();
    {
        UniqueFd const second(std::move(first));
        first.reset();
        CHECK(is_open(number));
    }
    CHECK_FALSE(is_open(number));
}

TEST_CASE("assignment closes what was there") {
    auto first = null_device();
    int const old = first.get();
    first = null_device();
    CHECK((first.get() != old && !is_open(old)));
}
