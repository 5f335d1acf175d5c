#include "web_server.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>

#include <istream>
#include <utility>

namespace livepatch::conformance {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

WebServer::WebServer(std::map<std::string, std::string> const& files)
    : files_(files),
      acceptor_(loop_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
      thread_([this] { serve(); }) {}

// Who waits for a caller is woken by one.
WebServer::~WebServer() {
    ends_ = true;
    asio::io_context loop;
    tcp::socket last(loop);
    boost::system::error_code ignored;
    last.connect(acceptor_.local_endpoint(), ignored);
    thread_.join();
}

std::string WebServer::url(std::string const& path) const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + '/' + path;
}

void WebServer::script(std::string const& path, Script script) {
    scripts_[path] = std::move(script);
}

std::vector<std::string> WebServer::take_requests() {
    std::lock_guard const lock(mutex_);
    return std::exchange(requests_, {});
}

std::string WebServer::page(std::string const& status, std::string_view body) {
    return "HTTP/1.1 " + status +
           "\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           std::string(body);
}

void WebServer::serve() {
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
        std::istream in(&request);
        std::string method;
        std::string path;
        in >> method >> path;
        answer(caller, path.substr(1));
    }
}

void WebServer::answer(tcp::socket& caller, std::string const& path) {
    {
        std::lock_guard const lock(mutex_);
        requests_.push_back(path);
    }
    Write const write = [&](std::string_view text) {
        boost::system::error_code failed;
        asio::write(caller, asio::buffer(text), failed);
        return !failed && !ends_;
    };
    if (auto const script = scripts_.find(path); script != scripts_.end())
        script->second(write);
    else if (auto const file = files_.find(path); file != files_.end())
        write(page("200 OK", file->second));
    else
        write(page("404 Not Found", "no such page"));
}

} // namespace livepatch::conformance
