#include "seeds.hpp"
#include "support/compressor.hpp"

using namespace livepatch;

void fuzz::write_seeds(Seeds const& seeds) {
    std::string const text = "a module, a module, and then another module of no great length";
    seeds.add("plain", text);
    seeds.add("gzip", support::gzip(text));
    seeds.add("gzip-twice", support::gzip(text) + support::gzip("x"));
    seeds.add("gzip-bomb", support::gzip(std::string(300'000, 'x')));
    seeds.add("xz", support::xz(text));
    seeds.add("xz-padded", support::xz(text) + std::string(4, '\0') + support::xz("x"));
    seeds.add("xz-bomb", support::xz(std::string(300'000, 'x')));
    seeds.add("xz-large-dictionary", support::xz_with_dictionary(text, 256U << 20U));
    seeds.add("zstd", support::zstd(text));
    seeds.add(
        "zstd-skippable", support::zstd(text) + std::string("\x50\x2a\x4d\x18\x01\0\0\0x", 9)
    );
    seeds.add("zstd-bomb", support::zstd(std::string(300'000, 'x')));
    seeds.add("zstd-large-window", support::zstd_with_window(text, 27));
}
