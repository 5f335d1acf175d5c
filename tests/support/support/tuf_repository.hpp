// A repository of TUF metadata, made while the test runs, that a test may bend as it likes.
#pragma once

#include "support/tuf_key.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace livepatch::support {

// The day on which a repository is made here; nothing in it expires before the 20th.
inline constexpr auto tuf_today = "2026-06-01T00:00:00Z";

class TufRepository {
public:
    using Json = nlohmann::json;

    // An ed25519 key a role, one target "file.txt", everything published in version 1.
    TufRepository();

    // What publish() signs and writes next. By role; those that are delegated to, too.
    std::map<std::string, Json> content;

    // Who signs for a role: root lists the keys of the four, delegations list their own.
    std::map<std::string, std::vector<TufKey>> signers;

    // What is served, by "metadata/FILE" and "targets/FILE".
    std::map<std::string, std::string> files;

    // Whether snapshot and timestamp say length and hash, too.
    bool describes = true;

    // Makes `signers` the keys of one of the four in root, `threshold` of them to sign.
    void authorise(std::string const& role, std::vector<TufKey> const& keys, int threshold = 1);

    // The next version of root, signed by its signers and by those it had at the last time.
    void publish_root();

    // The next versions of everything below root. What a test has changed in `content` goes along.
    void publish();

    // Parts of it, without a new version: for what no honest publisher does.
    void write_targets(std::string const& role);
    void write_snapshot();
    void write_timestamp();

    void add_target(
        std::string const& path, std::string const& bytes, std::string const& role = "targets"
    );

    struct Delegation {
        std::string from = "targets";
        std::string to;
        std::vector<std::string> paths = {"*"};
        bool terminating = false;
    };

    // The role is made with a key of its own when it is new.
    void delegate(Delegation const& delegation);

    // The file with signatures by these keys.
    static std::string sign(Json const& content, std::vector<TufKey> const& keys);

    // All of `files` below a directory.
    void write_tree(std::filesystem::path const& directory) const;

    Json& version_of(std::string const& role) { return content.at(role).at("version"); }

private:
    void write(std::string const& role);
    void describe(Json& entry, std::string const& role) const;

    std::vector<TufKey> last_root_signers_;
};

} // namespace livepatch::support
