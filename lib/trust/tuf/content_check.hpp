// What metadata says of another file, and whether bytes are that file.
#pragma once

#include "base/result.hpp"
#include "trust/tuf/fields.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace livepatch::trust::tuf {

// Lower-case hex; empty = not said. Digests by other algorithms are not looked at.
struct Hashes {
    std::string sha256;
    std::string sha512;

    // The members of an object "hashes". One of the two must be there.
    static Hashes read(Fields const& hashes);
};

struct ContentDescription {
    std::optional<std::int64_t> length;
    Hashes hashes;
};

// Looks at the bytes of a file as they come.
class ContentCheck {
public:
    // At most `limit` bytes, whatever the description says.
    ContentCheck(ContentDescription description, std::size_t limit, std::string subject);

    // limits_exceeded or verification_failed as soon as there are too many.
    base::Result<void> append(std::span<std::byte const> bytes);

    // verification_failed when it was not the file that was described. Once.
    base::Result<void> finish();

private:
    using Context = std::shared_ptr<evp_md_ctx_st>;

    ContentDescription description_;
    std::size_t limit_;
    std::string subject_;
    std::size_t size_ = 0;
    Context sha256_;
    Context sha512_;
};

// The same for bytes that are all there.
base::Result<void> check_content(
    ContentDescription const& description, std::string_view bytes, std::string_view subject
);

} // namespace livepatch::trust::tuf
