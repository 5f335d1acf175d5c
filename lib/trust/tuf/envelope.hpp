// A metadata file taken apart: what was signed, and by which signatures.
#pragma once

#include "base/result.hpp"
#include "trust/tuf/document.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace livepatch::trust::tuf {

struct Signature {
    std::string key_id;
    std::string bytes; // empty when it was no hex: it can be nobody's
};

// Nothing in it can be believed yet. This is the only place that knows how content and signatures
// are put together, so that another wrapping can be added.
struct Envelope {
    nlohmann::json content;            // "signed"
    std::string signed_bytes;          // what the signatures are over
    std::vector<Signature> signatures; // no two of the same key id
};

// Refused (verification_failed): what base::parse_strict_json refuses, more than `limit` bytes, and
// what is no envelope.
base::Result<Envelope> read_envelope(Document const& document, std::size_t limit);

} // namespace livepatch::trust::tuf
