#include "trust/tuf/quorum.hpp"

#include "trust/tuf/refusal.hpp"

#include <algorithm>
#include <set>

namespace livepatch::trust::tuf {

namespace {

constexpr std::size_t longest_key_id = 256;
constexpr std::size_t longest_word = 64;
constexpr std::size_t longest_key = 4096;

std::optional<PublicKey> read_key(Fields const& key) {
    auto const type = key.text("keytype", longest_word);
    auto const scheme = key.text("scheme", longest_word);
    auto const value = key.object("keyval");
    // Keys of other types may say it in another way.
    if (!value.has("public"))
        return std::nullopt;
    return PublicKey::read(type, scheme, value.text("public", longest_key));
}

} // namespace

KeyTable read_keys(Fields const& holder) {
    KeyTable keys;
    holder.object("keys").each_member([&](std::string const& id, Fields const& key) {
        keys.emplace(id, read_key(key));
    });
    return keys;
}

Quorum::Quorum(Fields const& role, KeyTable const& keys) : threshold_(role.number("threshold", 1)) {
    std::set<std::string> ids;
    for (auto const& id : role.texts("keyids", longest_key_id)) {
        if (!ids.insert(id).second)
            role.refuse("keyids", "a list in which nothing is twice");
        auto const known = keys.find(id);
        if (known != keys.end() && known->second)
            keys_.emplace(id, *known->second);
    }
}

base::Result<void> Quorum::check(Envelope const& envelope, std::string_view subject) const {
    std::set<std::string> signers;
    for (auto const& signature : envelope.signatures) {
        auto const key = keys_.find(signature.key_id);
        if (key == keys_.end() || signers.contains(key->second.identity()))
            continue;
        if (key->second.verifies(signature.bytes, envelope.signed_bytes))
            signers.insert(key->second.identity());
        if (static_cast<std::int64_t>(signers.size()) == threshold_)
            return {};
    }
    return refusal(
        subject,
        "signed by " + std::to_string(signers.size()) + " of the " + std::to_string(threshold_) +
            " keys it needs",
        "if it comes from a mirror, try another; otherwise its publisher has to sign it again"
    );
}

bool Quorum::lost_a_key_in(Quorum const& newer) const {
    return std::any_of(keys_.begin(), keys_.end(), [&](auto const& mine) {
        return std::none_of(newer.keys_.begin(), newer.keys_.end(), [&](auto const& other) {
            return other.second.identity() == mine.second.identity();
        });
    });
}

} // namespace livepatch::trust::tuf
