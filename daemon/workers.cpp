#include "workers.hpp"

#include <spdlog/spdlog.h>

#include <cstdlib>
#include <exception>
#include <future>
#include <thread>

namespace livepatch::daemon {

void Workers::join() {
    for (auto* thread : {&kernel_, &disk_, &tasks_, &sources_, &checks_})
        thread->stop();
    for (auto* thread : {&kernel_, &disk_, &tasks_})
        thread->join();
}

void Workers::join_sources() {
    std::promise<void> joined;
    auto const done = joined.get_future();
    std::thread joining([&] {
        sources_.join();
        checks_.join();
        joined.set_value();
    });
    if (done.wait_for(patience_with_sources) != std::future_status::ready) {
        spdlog::warn("a source's file system does not answer; ending without waiting for it");
        spdlog::shutdown();
        std::_Exit(std::uncaught_exceptions() > 0 ? EXIT_FAILURE : EXIT_SUCCESS);
    }
    joining.join();
}

} // namespace livepatch::daemon
