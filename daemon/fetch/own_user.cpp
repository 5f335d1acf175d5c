#include "fetch/own_user.hpp"

#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

namespace livepatch::fetch {

namespace {

constexpr auto user = "livepatch";

struct Ids {
    uid_t uid = 0;
    gid_t gid = 0;
};

base::Result<Ids> own_ids() {
    std::array<char, 4096> names{};
    passwd entry = {};
    passwd* found = nullptr;
    if (int const error = ::getpwnam_r(user, &entry, names.data(), names.size(), &found);
        error != 0)
        return base::system_error(user, "cannot look the user up", error);
    if (found == nullptr) {
        return base::Error{
            .code = base::Errc::not_found,
            .subject = user,
            .cause = "there is no such user, and root fetches nothing",
            .remedy = "systemd-sysusers makes it"};
    }
    return Ids{.uid = entry.pw_uid, .gid = entry.pw_gid};
}

// As systemd does it for the service (StateDirectory=).
base::Result<void> hand_over(std::filesystem::path const& mirrors, Ids const& ids) {
    if (::mkdir(mirrors.c_str(), 0755) != 0 && errno != EEXIST)
        return base::system_error(mirrors.string(), "cannot make the directory", errno);
    if (::lchown(mirrors.c_str(), ids.uid, ids.gid) != 0)
        return base::system_error(mirrors.string(), "cannot give away", errno);
    return {};
}

} // namespace

base::Result<void> leave_root(std::filesystem::path const& mirrors) {
    if (::geteuid() != 0)
        return {};
    auto const ids = own_ids();
    if (!ids)
        return ids.error();
    if (auto handed = hand_over(mirrors, *ids); !handed)
        return handed;
    bool const left = ::setgroups(0, nullptr) == 0 &&
                      ::setresgid(ids->gid, ids->gid, ids->gid) == 0 &&
                      ::setresuid(ids->uid, ids->uid, ids->uid) == 0;
    if (!left)
        return base::system_error(user, "cannot become this user", errno);
    return {};
}

} // namespace livepatch::fetch
