// The passphrases of private keys: from a file, from the environment, or from the terminal.
#pragma once

#include "lprepo/context.hpp"
#include "publish/private_key.hpp"

#include <optional>
#include <string>

namespace livepatch::lprepo {

class Passphrases {
public:
    // `file` = "" for none.
    Passphrases(Context const& context, std::string file)
        : context_(context),
          file_(std::move(file)) {}

    // Of a key that is there.
    base::Result<std::string> of(std::string const& key) const;

    // For keys that are made; not an empty one.
    base::Result<std::string> chosen() const;

    publish::PrivateKey::AskPassphrase asking() const;

private:
    base::Result<std::optional<std::string>> told() const;

    Context const& context_;
    std::string file_;
};

// Asks on /dev/tty, whatever standard input is. not_authorized: there is no terminal.
base::Result<std::string> ask_terminal(std::string const& prompt);

} // namespace livepatch::lprepo
