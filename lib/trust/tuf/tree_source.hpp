// A repository that lies in a directory: a mirror, or a publisher's own tree.
#pragma once

#include "trust/tuf/source.hpp"

#include <filesystem>

namespace livepatch::trust::tuf {

// `root` has the directories metadata/ and targets/. Whoever may write there need not be trusted:
// nothing outside of it is opened, no link followed, only regular files read, and not one more
// byte than was asked for.
class TreeSource : public Source {
public:
    explicit TreeSource(std::filesystem::path root);

    std::string locate(Name const& name) const override;
    base::Result<Answer> fetch(Request const& request, Sink const& sink) override;

private:
    std::filesystem::path root_;
};

} // namespace livepatch::trust::tuf
