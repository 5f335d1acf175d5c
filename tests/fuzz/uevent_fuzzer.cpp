#include "fuzzer.hpp"
#include "kernel/uevents.hpp"

#include <string_view>

using namespace livepatch;
using fuzz::must_hold;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const datagram(reinterpret_cast<char const*>(data), size); // NOLINT
    auto const event = kernel::parse_uevent(datagram);
    if (!event)
        return 0;
    must_hold(!event->module.empty(), "a module has a name");
    must_hold(event->module.find('/') == std::string::npos, "a module's name is no path");
    must_hold(event->module.find('\0') == std::string::npos, "a module's name is one string");
    return 0;
}
