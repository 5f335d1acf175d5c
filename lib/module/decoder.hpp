// A compressed stream, decoded piece by piece into buffers of the caller.
#pragma once

#include "base/result.hpp"
#include "module/bytes.hpp"

#include <cstddef>
#include <memory>
#include <span>

namespace livepatch::module {

class Decoder {
public:
    struct Step {
        std::size_t read = 0;    // bytes of the input that are done with
        std::size_t written = 0; // bytes of the output that are filled
        bool whole = false;      // the stream may end here
    };

    virtual ~Decoder() = default;

    // Decodes some of `input` into `output`, which are not both empty. `last`: nothing follows
    // `input`. A step that neither reads nor writes lacks input. Streams that follow one another
    // count as one, as the tools have it; anything else behind a stream is an error (without a
    // subject).
    virtual base::Result<Step> step(Bytes input, std::span<std::byte> output, bool last) = 0;
};

// Their memory is bounded whatever the stream says; one that needs more is an error.
std::unique_ptr<Decoder> make_gzip_decoder();
std::unique_ptr<Decoder> make_xz_decoder();
std::unique_ptr<Decoder> make_zstd_decoder();

} // namespace livepatch::module
