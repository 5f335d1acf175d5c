// What gzip, xz and zstd make of a text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <lzma.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <zlib.h>
#include <zstd.h>

namespace livepatch::support {

inline std::string gzip(std::string_view text) {
    z_stream stream{};
    constexpr int gzip_form = 16;
    ::deflateInit2(&stream, 9, Z_DEFLATED, MAX_WBITS + gzip_form, 8, Z_DEFAULT_STRATEGY);
    std::string out(::deflateBound(&stream, text.size()) + 64, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    auto const outcome = ::deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    ::deflateEnd(&stream);
    if (outcome != Z_STREAM_END)
        throw std::runtime_error("deflate failed");
    return out;
}

inline std::string xz_with_dictionary(std::string_view text, std::uint32_t dictionary) {
    lzma_options_lzma options{};
    ::lzma_lzma_preset(&options, 0);
    options.dict_size = dictionary;
    lzma_filter filters[] = {{LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, nullptr}};
    std::string out(::lzma_stream_buffer_bound(text.size()), '\0');
    std::size_t size = 0;
    auto const outcome = ::lzma_stream_buffer_encode(
        filters,
        LZMA_CHECK_CRC32,
        nullptr,
        reinterpret_cast<std::uint8_t const*>(text.data()),
        text.size(),
        reinterpret_cast<std::uint8_t*>(out.data()),
        &size,
        out.size()
    );
    if (outcome != LZMA_OK)
        throw std::runtime_error("lzma encoder failed");
    out.resize(size);
    return out;
}

inline std::string xz(std::string_view text) {
    return xz_with_dictionary(text, 1U << 20U);
}

// With a checksum, as the tool makes it.
inline std::string zstd(std::string_view text) {
    auto* const context = ::ZSTD_createCCtx();
    ::ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    std::string out(::ZSTD_compressBound(text.size()), '\0');
    auto const size = ::ZSTD_compress2(context, out.data(), out.size(), text.data(), text.size());
    ::ZSTD_freeCCtx(context);
    if (::ZSTD_isError(size) != 0)
        throw std::runtime_error("zstd encoder failed");
    out.resize(size);
    return out;
}

// A frame that does not tell its size but claims a window of 2^log bytes, as a pipe makes it.
inline std::string zstd_with_window(std::string_view text, unsigned log) {
    std::string frame("\x28\xb5\x2f\xfd\x00", 5);
    frame += static_cast<char>((log - 10) << 3U);
    auto const header = static_cast<std::uint32_t>(text.size() << 3U) | 1U; // last block, raw
    for (unsigned i = 0; i < 3; ++i)
        frame += static_cast<char>((header >> (8 * i)) & 0xffU);
    return frame + std::string(text);
}

} // namespace livepatch::support
