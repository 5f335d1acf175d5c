#include "web_server.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/buffers_iterator.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <sys/socket.h>

#include <sstream>
#include <utility>

namespace livepatch::conformance {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

WebServer::WebServer()
    : acceptor_(loop_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
      thread_([this] { work(); }) {}

// Who waits for a caller is woken by that.
WebServer::~WebServer() {
    ends_ = true;
    ::shutdown(acceptor_.native_handle(), SHUT_RDWR);
}

std::string WebServer::url(std::string const& path) const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + '/' + path;
}

void WebServer::serve(std::map<std::string, std::string> files) {
    std::lock_guard const lock(mutex_);
    files_ = std::move(files);
}

void WebServer::script(std::string const& path, Script script) {
    std::lock_guard const lock(mutex_);
    scripts_[path] = std::move(script);
}

std::vector<std::string> WebServer::take_requests() {
    std::lock_guard const lock(mutex_);
    return std::exchange(requests_, {});
}

std::size_t WebServer::take_bytes() {
    std::lock_guard const lock(mutex_);
    return std::exchange(bytes_, 0);
}

std::string WebServer::last_head() {
    std::lock_guard const lock(mutex_);
    return last_head_;
}

std::string WebServer::page(std::string const& status, std::string_view body) {
    return "HTTP/1.1 " + status +
           "\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           std::string(body);
}

void WebServer::work() {
    for (;;) {
        boost::system::error_code failed;
        tcp::socket caller(loop_);
        acceptor_.accept(caller, failed);
        if (ends_)
            return;
        asio::streambuf request;
        if (!failed)
            asio::read_until(caller, request, "\r\n\r\n", failed);
        if (failed)
            continue;
        std::string const head(
            asio::buffers_begin(request.data()), asio::buffers_end(request.data())
        );
        {
            std::lock_guard const lock(mutex_);
            last_head_ = head;
            bytes_ += head.size();
        }
        std::istringstream in(head);
        std::string method;
        std::string path;
        in >> method >> path;
        answer(caller, path.substr(1));
    }
}

// What is to be said, taken note of under the lock and said without it.
WebServer::Script WebServer::script_for(std::string const& path) {
    std::lock_guard const lock(mutex_);
    requests_.push_back(path);
    if (auto const script = scripts_.find(path); script != scripts_.end())
        return script->second;
    auto const file = files_.find(path);
    auto text =
        file != files_.end() ? page("200 OK", file->second) : page("404 Not Found", "no such page");
    return [text = std::move(text)](Write const& write) { write(text); };
}

void WebServer::answer(tcp::socket& caller, std::string const& path) {
    script_for(path)([&](std::string_view text) {
        boost::system::error_code failed;
        auto const written = asio::write(caller, asio::buffer(text), failed);
        {
            std::lock_guard const lock(mutex_);
            bytes_ += written;
        }
        return !failed && !ends_;
    });
}

} // namespace livepatch::conformance
