#include "tests/support/http_imposter.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstring>
#include <stdexcept>

namespace sluice::test {
namespace {

void set_linger_reset(int fd)
{
    const linger now{1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

std::string status_text(int status)
{
    return std::string("HTTP/1.1 ") + std::to_string(status) + " Scripted\r\n";
}

}  // namespace

struct http_imposter::peer {
    int fd = -1;
    SSL* ssl = nullptr;
    std::size_t index = 0;
    std::string buffered;
    std::mutex closing;

    long read(char* into, std::size_t count)
    {
        return ssl != nullptr ? SSL_read(ssl, into, static_cast<int>(count))
                              : ::recv(fd, into, count, 0);
    }
    bool write(const std::string& bytes)
    {
        std::size_t sent = 0;
        while (sent < bytes.size()) {
            const long n =
                ssl != nullptr
                    ? SSL_write(ssl, bytes.data() + sent, static_cast<int>(bytes.size() - sent))
                    : ::send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
            if (n <= 0) return false;
            sent += static_cast<std::size_t>(n);
        }
        return true;
    }
    void shut()
    {
        const std::lock_guard hold(closing);
        if (fd >= 0) ::shutdown(fd, SHUT_RDWR);
    }
};

std::string imposter_request::header(const std::string& name) const
{
    for (const auto& [key, value] : headers) {
        if (key == name) return value;
    }
    return {};
}

std::size_t imposter_request::count(const std::string& name) const
{
    return static_cast<std::size_t>(std::count_if(headers.begin(), headers.end(),
                                                  [&](const auto& h) { return h.first == name; }));
}

http_imposter::http_imposter(std::optional<imposter_tls> tls)
{
    if (tls) {
        // SSL_write has no MSG_NOSIGNAL.
        std::signal(SIGPIPE, SIG_IGN);
        context_ = SSL_CTX_new(TLS_server_method());
        SSL_CTX_set_security_level(context_, 0);
        const bool loaded =
            SSL_CTX_use_certificate_chain_file(context_, tls->certificate_file.c_str()) == 1 &&
            SSL_CTX_use_PrivateKey_file(context_, tls->key_file.c_str(), SSL_FILETYPE_PEM) == 1;
        if (!loaded) throw std::runtime_error("imposter: certificate or key can't be loaded");
        if (tls->version_max != 0) SSL_CTX_set_max_proto_version(context_, tls->version_max);
        if (!tls->client_ca_file.empty()) {
            SSL_CTX_load_verify_locations(context_, tls->client_ca_file.c_str(), nullptr);
            SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                               nullptr);
        }
    }
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::listen(listener_, 128) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        throw std::runtime_error("imposter: no loopback port");
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
}

http_imposter::~http_imposter()
{
    stopping_ = true;
    release();
    ::shutdown(listener_, SHUT_RDWR);
    close_connections();
    acceptor_.join();
    close_connections();
    for (std::thread& each : threads_) each.join();
    ::close(listener_);
    if (context_ != nullptr) SSL_CTX_free(context_);
}

std::string http_imposter::url(const std::string& path) const
{
    return std::string(context_ != nullptr ? "https" : "http") +
           "://127.0.0.1:" + std::to_string(port_) + path;
}

void http_imposter::script(std::vector<imposter_step> steps)
{
    const std::lock_guard hold(mutex_);
    for (imposter_step& step : steps) steps_.push_back(std::move(step));
}

void http_imposter::release()
{
    const std::lock_guard hold(mutex_);
    released_ = true;
    changed_.notify_all();
}

void http_imposter::close_connections()
{
    const std::lock_guard hold(mutex_);
    for (const auto& each : peers_) each->shut();
}

std::vector<imposter_request> http_imposter::requests() const
{
    const std::lock_guard hold(mutex_);
    return requests_;
}

bool http_imposter::wait_for_requests(std::size_t count, int timeout_ms) const
{
    std::unique_lock hold(mutex_);
    return changed_.wait_for(hold, std::chrono::milliseconds(timeout_ms),
                             [&] { return requests_.size() >= count; });
}

std::size_t http_imposter::connections() const
{
    const std::lock_guard hold(mutex_);
    return peers_.size();
}

void http_imposter::accept_all()
{
    while (!stopping_) {
        const int fd = ::accept(listener_, nullptr, nullptr);
        if (fd < 0) return;
        auto with = std::make_shared<peer>();
        with->fd = fd;
        const std::lock_guard hold(mutex_);
        with->index = peers_.size();
        peers_.push_back(with);
        threads_.emplace_back([this, with] { serve(with); });
    }
}

void http_imposter::serve(const std::shared_ptr<peer>& with)
{
    const auto end = [&] {
        if (with->ssl != nullptr) SSL_free(std::exchange(with->ssl, nullptr));
        const std::lock_guard hold(with->closing);
        ::close(with->fd);
        with->fd = -1;
    };
    if (mute_) {
        pollfd gone{with->fd, POLLRDHUP, 0};
        while (!stopping_ && ::poll(&gone, 1, 50) == 0) {
        }
        return end();
    }
    if (context_ != nullptr) {
        with->ssl = SSL_new(context_);
        SSL_set_fd(with->ssl, with->fd);
        if (SSL_accept(with->ssl) != 1) {
            ERR_clear_error();
            return end();
        }
    }
    while (!stopping_) {
        imposter_request request;
        imposter_step step;
        if (!read_request(*with, request, step)) break;
        {
            const std::lock_guard hold(mutex_);
            request.connection = with->index;
            requests_.push_back(std::move(request));
            changed_.notify_all();
        }
        if (!answer(*with, step)) break;
        if (step.after == imposter_step::afterwards::close) break;
        if (step.after == imposter_step::afterwards::reset) {
            set_linger_reset(with->fd);
            break;
        }
    }
    end();
}

bool http_imposter::read_request(peer& with, imposter_request& request, imposter_step& step)
{
    std::string& in = with.buffered;
    char bytes[4096];
    const auto more = [&] {
        const long n = with.read(bytes, sizeof bytes);
        if (n <= 0) return false;
        payload_bytes_ += static_cast<std::uint64_t>(n);
        in.append(bytes, static_cast<std::size_t>(n));
        return true;
    };
    std::size_t end = std::string::npos;
    while ((end = in.find("\r\n\r\n")) == std::string::npos) {
        if (!more()) return false;
    }
    step = next_step();
    request.raw_head = in.substr(0, end + 2);
    in.erase(0, end + 4);
    std::size_t line_end = request.raw_head.find("\r\n");
    const std::string first = request.raw_head.substr(0, line_end);
    const std::size_t space = first.find(' ');
    request.method = first.substr(0, space);
    request.target = first.substr(space + 1, first.rfind(' ') - space - 1);
    while (line_end + 2 < request.raw_head.size()) {
        const std::size_t start = line_end + 2;
        line_end = request.raw_head.find("\r\n", start);
        const std::string line = request.raw_head.substr(start, line_end - start);
        const std::size_t colon = line.find(':');
        std::string name = line.substr(0, colon);
        std::transform(name.begin(), name.end(), name.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        request.headers.emplace_back(name, line.substr(std::min(line.size(), colon + 2)));
    }
    if (step.before_body) return true;
    const std::string length = request.header("content-length");
    const std::size_t count = length.empty() ? 0 : std::stoul(length);
    while (in.size() < count) {
        if (!more()) return false;
    }
    request.body = in.substr(0, count);
    in.erase(0, count);
    return true;
}

bool http_imposter::answer(peer& with, const imposter_step& step)
{
    if (step.hold) {
        std::unique_lock hold(mutex_);
        changed_.wait(hold, [this] { return released_; });
        if (stopping_) return false;
    }
    std::string text;
    if (step.raw) {
        text = *step.raw;
    } else {
        text = status_text(step.status);
        bool framed = false;
        for (const auto& [name, value] : step.headers) {
            text += name + ": " + value + "\r\n";
            framed = framed || name == "content-length" || name == "transfer-encoding";
        }
        if (!framed) text += "content-length: " + std::to_string(step.body.size()) + "\r\n";
        text += "\r\n" + step.body;
    }
    if (!with.write(text)) return false;
    while (!step.endless.empty() && !stopping_) {
        if (!with.write(step.endless)) return false;
    }
    return true;
}

imposter_step http_imposter::next_step()
{
    const std::lock_guard hold(mutex_);
    if (steps_.empty()) return {};
    imposter_step step = std::move(steps_.front());
    steps_.pop_front();
    return step;
}

}  // namespace sluice::test
