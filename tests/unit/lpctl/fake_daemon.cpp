#include "fake_daemon.hpp"

#include "dbus_client/daemon.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>

#include <cstring>
#include <poll.h>
#include <stdexcept>
#include <unistd.h>

namespace livepatch::support {

namespace {

void require(bool condition, char const* what) {
    if (!condition)
        throw std::runtime_error(what);
}

} // namespace

FakeDaemon::FakeDaemon() {
    auto const path = (directory_.path() / "bus").string();
    ::sockaddr_un name = {};
    name.sun_family = AF_UNIX;
    require(path.size() < sizeof name.sun_path, "path of the bus too long");
    std::memcpy(name.sun_path, path.data(), path.size());
    listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    auto const* address = reinterpret_cast<::sockaddr*>(&name); // NOLINT: the socket API
    require(::bind(listener_, address, sizeof name) == 0, "bind");
    require(::listen(listener_, 8) == 0, "listen");
    thread_ = std::thread([this] { serve(); });
}

FakeDaemon::~FakeDaemon() {
    over_ = true;
    thread_.join();
    for (auto* connection : connections_)
        sd_bus_close_unref(connection);
    ::close(listener_);
}

std::string FakeDaemon::address() const {
    return "unix:path=" + (directory_.path() / "bus").string();
}

void FakeDaemon::on(std::string const& method, Handler handler) {
    std::lock_guard const lock(mutex_);
    handlers_[method] = std::move(handler);
}

std::vector<std::string> FakeDaemon::calls() const {
    std::lock_guard const lock(mutex_);
    return calls_;
}

void FakeDaemon::serve() {
    while (!over_) {
        ::pollfd poll = {.fd = listener_, .events = POLLIN, .revents = 0};
        if (::poll(&poll, 1, 2) > 0 && !bus_stuck_)
            accept();
        if (hang_up_.exchange(false)) {
            for (auto* connection : connections_)
                sd_bus_close_unref(connection);
            connections_.clear();
        }
        for (auto* connection : connections_)
            while (sd_bus_process(connection, nullptr) > 0) {
            }
    }
}

void FakeDaemon::accept() {
    int const fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    require(fd >= 0, "accept");
    sd_bus* bus = nullptr;
    sd_id128_t id = {};
    require(sd_id128_randomize(&id) >= 0, "id");
    require(sd_bus_new(&bus) >= 0, "bus");
    require(sd_bus_set_fd(bus, fd, fd) >= 0, "fd");
    require(sd_bus_set_server(bus, 1, id) >= 0, "server");
    require(sd_bus_add_filter(bus, nullptr, filter, this) >= 0, "filter");
    require(sd_bus_start(bus) >= 0, "start");
    connections_.push_back(bus);
}

int FakeDaemon::filter(sd_bus_message* call, void* self, sd_bus_error*) {
    return static_cast<FakeDaemon*>(self)->answer(call);
}

int FakeDaemon::answer(sd_bus_message* call) {
    std::uint8_t type = 0;
    sd_bus_message_get_type(call, &type);
    if (type != SD_BUS_MESSAGE_METHOD_CALL)
        return 0;
    std::string const method = sd_bus_message_get_member(call);
    std::string const destination = sd_bus_message_get_destination(call);
    if (destination == "org.freedesktop.DBus")
        return answer_as_bus(call, method);
    require(sd_bus_message_get_auto_start(call) == 0, "a call that would start the daemon");
    if (stuck_)
        return 1;
    Handler handler;
    {
        std::lock_guard const lock(mutex_);
        calls_.push_back(method);
        if (auto const found = handlers_.find(method); found != handlers_.end())
            handler = found->second;
    }
    if (method == "Ping")
        return sd_bus_reply_method_return(call, "");
    if (!handler)
        return sd_bus_reply_method_errorf(
            call, SD_BUS_ERROR_UNKNOWN_METHOD, "no %s", method.c_str()
        );
    int const result = handler(call);
    return result < 0 ? result : 1;
}

int FakeDaemon::answer_as_bus(sd_bus_message* call, std::string const& method) const {
    if (method == "Hello")
        return sd_bus_reply_method_return(call, "s", ":1.7");
    if (method == "NameHasOwner")
        return sd_bus_reply_method_return(call, "b", running_ ? 1 : 0);
    return sd_bus_reply_method_errorf(call, SD_BUS_ERROR_UNKNOWN_METHOD, "no %s", method.c_str());
}

int reply_nothing(sd_bus_message* call) {
    return sd_bus_reply_method_return(call, "");
}

FakeDaemon::Handler reply_object(std::string module) {
    return [path = dbus_client::object_path(module)](sd_bus_message* call) {
        return sd_bus_reply_method_return(call, "o", path.c_str());
    };
}

FakeDaemon::Handler reply_error(std::string name, std::string message) {
    return [name = std::move(name), message = std::move(message)](sd_bus_message* call) {
        return sd_bus_reply_method_errorf(call, name.c_str(), "%s", message.c_str());
    };
}

} // namespace livepatch::support
