// Catch2 2 (Debian 12) and 3 (Debian 13) under one name.
#pragma once

#if __has_include(<catch2/catch.hpp>)
#include <catch2/catch.hpp>
#else
#include <catch2/catch_all.hpp>
#endif

#if __has_include("base/result.hpp")
#include "base/result.hpp"

// A result in a failed check shows its error.
template <class T>
struct Catch::StringMaker<livepatch::base::Result<T>> {
    static std::string convert(livepatch::base::Result<T> const& result) {
        return result.has_error() ? "error: " + livepatch::base::describe(result.error())
                                  : "a value";
    }
};
#endif
