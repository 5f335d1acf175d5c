#include "kernel/uevents.hpp"

#include <linux/filter.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

namespace livepatch::kernel {

namespace {

constexpr int datagrams_a_call = 1'000;
constexpr std::string_view module_path = "/module/";
constexpr int receive_buffer = 1024 * 1024; // memory is taken for what waits in it only

// Four characters as the filter reads them: big endian.
constexpr unsigned word(std::string_view text) {
    unsigned value = 0;
    for (char const c : text.substr(0, 4))
        value = value << 8U | static_cast<unsigned char>(c);
    return value;
}

// Devices come and go more often than modules: what does not begin with "add@/module/" or
// "remove@/modu" shall not even wake us.
bool attach_module_filter(int fd) {
    constexpr unsigned short load = BPF_LD | BPF_W | BPF_ABS;
    constexpr unsigned short if_equal = BPF_JMP | BPF_JEQ | BPF_K;
    constexpr unsigned short answer = BPF_RET | BPF_K;
    std::array<sock_filter, 13> program{{
        {load, 0, 0, 0},
        {if_equal, 0, 4, word("add@")}, // else to "remo"
        {load, 0, 0, 4},
        {if_equal, 0, 8, word("/mod")},
        {load, 0, 0, 8},
        {if_equal, 5, 6, word("ule/")},
        {if_equal, 0, 5, word("remo")},
        {load, 0, 0, 4},
        {if_equal, 0, 3, word("ve@/")},
        {load, 0, 0, 8},
        {if_equal, 0, 1, word("modu")},
        {answer, 0, 0, 0xffffffff}, // all of it
        {answer, 0, 0, 0},
    }};
    sock_fprog const filter{.len = program.size(), .filter = program.data()};
    return ::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == 0;
}

bool set_option(int fd, int option, int value) {
    return ::setsockopt(fd, SOL_SOCKET, option, &value, sizeof value) == 0;
}

// A datagram and who sent it.
class Receiver {
public:
    // Bytes, or -1 and errno.
    ssize_t receive(int fd) {
        message_ = {};
        message_.msg_name = &sender_;
        message_.msg_namelen = sizeof sender_;
        message_.msg_iov = &part_;
        message_.msg_iovlen = 1;
        message_.msg_control = control_.data();
        message_.msg_controllen = control_.size();
        return ::recvmsg(fd, &message_, 0);
    }

    std::string_view text(ssize_t size) const {
        return {buffer_.data(), static_cast<std::size_t>(size)};
    }

    // Whole, and sent by the kernel: port 0 cannot be taken by anybody else
    // (net/netlink/af_netlink.c: netlink_autobind), and its credentials are root's.
    bool is_from_kernel() {
        if ((message_.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 ||
            message_.msg_namelen != sizeof sender_ || sender_.nl_pid != 0)
            return false;
        auto* const header = CMSG_FIRSTHDR(&message_);
        if (header == nullptr || header->cmsg_level != SOL_SOCKET ||
            header->cmsg_type != SCM_CREDENTIALS || header->cmsg_len < CMSG_LEN(sizeof(ucred)))
            return false;
        ucred credentials{};
        std::memcpy(&credentials, CMSG_DATA(header), sizeof credentials);
        return credentials.uid == 0;
    }

private:
    // include/linux/kobject.h: UEVENT_BUFFER_SIZE 2048, and the header before it.
    std::array<char, 8192> buffer_{};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(ucred))> control_{};
    sockaddr_nl sender_{};
    iovec part_{.iov_base = buffer_.data(), .iov_len = buffer_.size()};
    msghdr message_{};
};

bool has_entry(std::string_view entries, std::string_view wanted) {
    while (!entries.empty()) {
        auto const entry = entries.substr(0, entries.find('\0'));
        if (entry == wanted)
            return true;
        entries.remove_prefix(entry.size() + 1);
    }
    return false;
}

} // namespace

std::optional<ModuleEvent> parse_uevent(std::string_view datagram) {
    if (!datagram.ends_with('\0'))
        return std::nullopt;
    auto const header = datagram.substr(0, datagram.find('\0'));
    auto const entries = datagram.substr(header.size() + 1);
    auto const at = header.find('@');
    if (at == std::string_view::npos)
        return std::nullopt;
    auto const action = header.substr(0, at);
    auto const path = header.substr(at + 1);
    if ((action != "add" && action != "remove") || !path.starts_with(module_path))
        return std::nullopt;
    auto const name = path.substr(module_path.size());
    if (name.empty() || name.find('/') != std::string_view::npos ||
        !has_entry(entries, "SUBSYSTEM=module") ||
        !has_entry(entries, "ACTION=" + std::string(action)) ||
        !has_entry(entries, "DEVPATH=" + std::string(path)))
        return std::nullopt;
    return ModuleEvent{
        .action = action == "add" ? ModuleEvent::Action::added : ModuleEvent::Action::removed,
        .module = std::string(name),
    };
}

base::Result<Uevents> Uevents::open() {
    std::string const subject = "kernel events";
    constexpr int type = SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    base::UniqueFd fd(::socket(AF_NETLINK, type, NETLINK_KOBJECT_UEVENT));
    if (!fd)
        return base::system_error(subject, "cannot open a netlink socket", errno);
    // Beyond net.core.rmem_max with CAP_NET_ADMIN only; an overrun costs no more than a scan.
    if (!set_option(fd.get(), SO_RCVBUFFORCE, receive_buffer))
        set_option(fd.get(), SO_RCVBUF, receive_buffer);
    if (!set_option(fd.get(), SO_PASSCRED, 1))
        return base::system_error(subject, "cannot ask for credentials", errno);
    if (!attach_module_filter(fd.get()))
        return base::system_error(subject, "cannot filter", errno);
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = 1; // the kernel's own; udev's are in group 2
    if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) // NOLINT
        return base::system_error(subject, "cannot listen", errno);
    return Uevents(std::move(fd));
}

Uevents::Uevents(base::UniqueFd fd) : fd_(std::move(fd)) {}

base::Result<Uevents::Batch> Uevents::read_new() {
    Batch batch;
    Receiver receiver;
    for (int i = 0; i < datagrams_a_call; ++i) {
        auto const got = receiver.receive(fd_.get());
        if (got >= 0) {
            if (!receiver.is_from_kernel())
                continue;
            if (auto event = parse_uevent(receiver.text(got)))
                batch.events.push_back(*std::move(event));
            continue;
        }
        if (errno == EAGAIN)
            break;
        if (errno == ENOBUFS)
            batch.lost = true;
        else if (errno != EINTR)
            return base::system_error("kernel events", "cannot read", errno);
    }
    return batch;
}

} // namespace livepatch::kernel
