#include "module/decoder.hpp"
#include "module/refusal.hpp"

#include <new>
#include <zstd.h>

namespace livepatch::module {

namespace {

// 64 MiB, which is all that a module may have: a frame that tells its size never asks for more.
constexpr int window_log_limit = 26;

class ZstdDecoder : public Decoder {
public:
    ZstdDecoder() : stream_(::ZSTD_createDStream()) {
        if (!stream_)
            throw std::bad_alloc();
        ::ZSTD_DCtx_setParameter(stream_.get(), ZSTD_d_windowLogMax, window_log_limit);
    }

    base::Result<Step> step(Bytes input, std::span<std::byte> output, bool /*last*/) override {
        ZSTD_inBuffer in{.src = input.data(), .size = input.size(), .pos = 0};
        ZSTD_outBuffer out{.dst = output.data(), .size = output.size(), .pos = 0};
        if (input.empty() && whole_)
            return Step{.whole = true};
        auto const outcome = ::ZSTD_decompressStream(stream_.get(), &out, &in);
        if (::ZSTD_isError(outcome) != 0)
            return refusal(
                std::string("damaged zstd data, or something behind it: ") +
                ::ZSTD_getErrorName(outcome)
            );
        whole_ = outcome == 0;
        return Step{.read = in.pos, .written = out.pos, .whole = whole_};
    }

private:
    struct Free {
        void operator()(ZSTD_DStream* stream) const { ::ZSTD_freeDStream(stream); }
    };

    std::unique_ptr<ZSTD_DStream, Free> stream_;
    bool whole_ = false;
};

} // namespace

std::unique_ptr<Decoder> make_zstd_decoder() {
    return std::make_unique<ZstdDecoder>();
}

} // namespace livepatch::module
