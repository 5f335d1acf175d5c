#include "module/decoder.hpp"
#include "module/refusal.hpp"

#include <algorithm>
#include <limits>
#include <new>
#include <zlib.h>

namespace livepatch::module {

namespace {

unsigned int at_once(std::size_t size) {
    return static_cast<unsigned int>(
        std::min<std::size_t>(size, std::numeric_limits<unsigned int>::max())
    );
}

class GzipDecoder : public Decoder {
public:
    GzipDecoder() {
        constexpr int gzip_only = 16;
        if (::inflateInit2(&stream_, MAX_WBITS + gzip_only) != Z_OK)
            throw std::bad_alloc();
    }

    GzipDecoder(GzipDecoder const&) = delete;
    GzipDecoder& operator=(GzipDecoder const&) = delete;

    ~GzipDecoder() override { ::inflateEnd(&stream_); }

    base::Result<Step> step(Bytes input, std::span<std::byte> output, bool /*last*/) override {
        if (whole_ && !input.empty()) {
            // One more member, or garbage, which its header check finds out.
            ::inflateReset(&stream_);
            whole_ = false;
        }
        // zlib reads chars; it does not write through next_in.
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(input.data())); // NOLINT
        stream_.avail_in = at_once(input.size());
        stream_.next_out = reinterpret_cast<Bytef*>(output.data()); // NOLINT
        stream_.avail_out = at_once(output.size());
        auto const in_before = stream_.avail_in;
        auto const out_before = stream_.avail_out;
        if (whole_)
            return Step{.whole = true};
        auto const outcome = ::inflate(&stream_, Z_NO_FLUSH);
        if (outcome == Z_STREAM_END)
            whole_ = true;
        else if (outcome != Z_OK && outcome != Z_BUF_ERROR)
            return refusal("damaged gzip data, or something behind it");
        return Step{
            .read = in_before - stream_.avail_in,
            .written = out_before - stream_.avail_out,
            .whole = whole_,
        };
    }

private:
    z_stream stream_{};
    bool whole_ = false;
};

} // namespace

std::unique_ptr<Decoder> make_gzip_decoder() {
    return std::make_unique<GzipDecoder>();
}

} // namespace livepatch::module
