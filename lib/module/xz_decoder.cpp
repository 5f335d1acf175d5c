#include "module/decoder.hpp"
#include "module/refusal.hpp"

#include <cstdint>
#include <lzma.h>
#include <new>

namespace livepatch::module {

namespace {

// `xz -9` needs 65 MiB to decode, the kernel's own build (scripts/Makefile.modinst) 2.
constexpr std::uint64_t memory_limit = std::uint64_t{72} * 1024 * 1024;

class XzDecoder : public Decoder {
public:
    XzDecoder() {
        if (::lzma_stream_decoder(&stream_, memory_limit, LZMA_CONCATENATED) != LZMA_OK)
            throw std::bad_alloc();
    }

    XzDecoder(XzDecoder const&) = delete;
    XzDecoder& operator=(XzDecoder const&) = delete;

    ~XzDecoder() override { ::lzma_end(&stream_); }

    base::Result<Step> step(Bytes input, std::span<std::byte> output, bool last) override {
        stream_.next_in = reinterpret_cast<std::uint8_t const*>(input.data()); // NOLINT
        stream_.avail_in = input.size();
        stream_.next_out = reinterpret_cast<std::uint8_t*>(output.data()); // NOLINT
        stream_.avail_out = output.size();
        auto const outcome = ::lzma_code(&stream_, last ? LZMA_FINISH : LZMA_RUN);
        if (outcome == LZMA_MEMLIMIT_ERROR)
            return refusal(
                "xz data needs more than 72 MiB to unpack", {}, "compress it with -9 or less"
            );
        // LZMA_BUF_ERROR: no progress possible, which the caller sees by itself.
        if (outcome != LZMA_OK && outcome != LZMA_STREAM_END && outcome != LZMA_BUF_ERROR)
            return refusal("damaged xz data, or something behind it");
        return Step{
            .read = input.size() - stream_.avail_in,
            .written = output.size() - stream_.avail_out,
            .whole = outcome == LZMA_STREAM_END,
        };
    }

private:
    lzma_stream stream_ = LZMA_STREAM_INIT;
};

} // namespace

std::unique_ptr<Decoder> make_xz_decoder() {
    return std::make_unique<XzDecoder>();
}

} // namespace livepatch::module
