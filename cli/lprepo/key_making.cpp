#include "lprepo/key_making.hpp"

#include "base/directory.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <utility>

namespace livepatch::lprepo {

KeyMaking::KeyMaking(
    std::filesystem::path directory,
    publish::PrivateKey::Kind kind,
    bool no_passphrase,
    Passphrases passphrases
)
    : directory_(std::move(directory)),
      kind_(kind),
      no_passphrase_(no_passphrase),
      passphrases_(std::move(passphrases)) {}

base::Result<std::filesystem::path> KeyMaking::make(std::string const& name) {
    if (!no_passphrase_ && !passphrase_) {
        auto chosen = passphrases_.chosen();
        if (!chosen)
            return chosen.error();
        passphrase_ = *std::move(chosen);
    }
    if (::mkdir(directory_.c_str(), 0700) != 0 && errno != EEXIST)
        return base::system_error(directory_.string(), "cannot make the directory", errno);
    if (auto good = base::sync_directory(directory_.parent_path()); !good)
        return good.error();
    auto const key = publish::PrivateKey::generate(kind_);
    if (!key)
        return key.error();
    if (auto good = publish::write_key_pair(directory_, name, *key, passphrase_); !good)
        return good.error();
    return directory_ / (name + ".pub");
}

} // namespace livepatch::lprepo
