#include "fuzzer.hpp"
#include "support/module_signer.hpp"
#include "support/temporary_directory.hpp"
#include "trust/module_signature.hpp"

using namespace livepatch;
using fuzz::must_hold;

namespace {

// Of the same key as the seeds, so that the way to a good signature is open.
trust::Keyring const& keys() {
    static auto const loaded = [] {
        support::TemporaryDirectory const directory;
        directory.write("key.pem", support::SigningKey::fixed().certificate_pem());
        return trust::Keyring::load(directory.path());
    }();
    return loaded;
}

void verify(std::string_view file) {
    auto const bytes = std::as_bytes(std::span(file.data(), file.size()));
    auto const signer = trust::verify_module_signature(bytes, keys(), "fuzz.ko");
    if (signer)
        must_hold(signer->starts_with("fixed (sha256:"), "the signer is ours");
    else
        must_hold(signer.error().subject == "fuzz.ko", "errors name the file");
    must_hold(ERR_peek_error() == 0, "no error is left behind");
}

} // namespace

// Once as a whole file, once as a signature in front of a good trailer.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string const input(data, data + size);
    verify(input);
    verify(support::append_signature("content", input));
    return 0;
}
