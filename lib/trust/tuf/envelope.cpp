#include "trust/tuf/envelope.hpp"

#include "base/strict_json.hpp"
#include "trust/tuf/canonical_json.hpp"
#include "trust/tuf/fields.hpp"
#include "trust/tuf/hex_text.hpp"
#include "trust/tuf/limits.hpp"
#include "trust/tuf/refusal.hpp"

#include <optional>
#include <set>
#include <utility>

namespace livepatch::trust::tuf {

namespace {

constexpr std::size_t longest_key_id = 256;
constexpr std::size_t longest_signature = 4096; // in hex; RSA of 8192 bits has 2048 digits
constexpr std::size_t depth = 32;

std::vector<Signature> read_signatures(Fields const& envelope) {
    std::vector<Signature> signatures;
    std::set<std::string> ids;
    for (auto const& entry : envelope.objects("signatures")) {
        auto id = entry.text("keyid", longest_key_id);
        auto const bytes = bytes_of_hex(entry.text("sig", longest_signature));
        if (!ids.insert(id).second)
            envelope.refuse("signatures", "a list with one signature a key id");
        signatures.push_back({std::move(id), bytes.value_or(std::string())});
    }
    return signatures;
}

} // namespace

base::Result<Envelope> read_envelope(Document const& document, std::size_t limit) {
    auto file = base::parse_strict_json(
        document.bytes,
        document.subject,
        {.size = limit, .depth = depth, .values = most_json_values}
    );
    if (!file)
        return file.error();
    std::optional<std::string> wrong;
    Fields const fields(*file, "the file", wrong);
    Envelope envelope;
    envelope.signatures = read_signatures(fields);
    if (!fields.has("signed"))
        fields.refuse("signed", "there");
    if (wrong)
        return refusal(document.subject, std::move(*wrong));
    envelope.content = std::move((*file)["signed"]);
    envelope.signed_bytes = canonical_json(envelope.content);
    return envelope;
}

} // namespace livepatch::trust::tuf
