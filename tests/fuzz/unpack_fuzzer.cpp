#include "base/file.hpp"
#include "fuzzer.hpp"
#include "module/unpack.hpp"

#include <sys/mman.h>

using namespace livepatch;
using fuzz::must_hold;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    constexpr std::size_t limit = std::size_t{256} * 1024;
    base::UniqueFd const fd(::memfd_create("fuzz", MFD_CLOEXEC));
    must_hold(bool(fd), "memory file");
    must_hold(
        base::write_all(fd.get(), std::as_bytes(std::span(data, size)), "fuzz").has_value(),
        "written"
    );
    auto const file = module::unpack(fd.get(), "fuzz.ko", limit);
    if (file)
        must_hold(!file->bytes().empty() && file->bytes().size() <= limit, "output within limits");
    else
        must_hold(file.error().subject == "fuzz.ko", "errors name the file");
    return 0;
}
