#pragma once
// A scripted HTTP(S) peer on a loopback port: answers each request by the next step of its script,
// correctly or as wrongly as the step says. Runs on threads of its own; everything public may be
// called from the test.

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

typedef struct ssl_ctx_st SSL_CTX;
typedef struct ssl_st SSL;

namespace sluice::test {

/// What the imposter does with one request.
struct imposter_step {
    enum class afterwards : std::uint8_t { keep, close, reset };

    int status = 200;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    /// Sent verbatim instead of status, headers and body.
    std::optional<std::string> raw;
    /// Sent again and again, until the peer closes (endless header, endless body).
    std::string endless;
    /// Waits for release() before it answers.
    bool hold = false;
    /// Answers when the head of the request is there and never reads the body.
    bool before_body = false;
    afterwards after = afterwards::keep;
};

struct imposter_request {
    std::string method;
    std::string target;
    std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
    std::string body;
    std::string raw_head;
    std::size_t connection = 0;

    [[nodiscard]] std::string header(const std::string& name) const;
    [[nodiscard]] std::size_t count(const std::string& name) const;
};

struct imposter_tls {
    std::string certificate_file;  ///< PEM, leaf first
    std::string key_file;
    std::string client_ca_file;  ///< not empty: a client certificate is demanded
    int version_max = 0;         ///< for example TLS1_1_VERSION
};

class http_imposter {
public:
    explicit http_imposter(std::optional<imposter_tls> tls = std::nullopt);
    ~http_imposter();
    http_imposter(const http_imposter&) = delete;
    http_imposter& operator=(const http_imposter&) = delete;

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    [[nodiscard]] std::string url(const std::string& path = "/") const;

    /// Steps for the next requests, in order; afterwards every request gets a 200.
    void script(std::vector<imposter_step> steps);
    /// Lets every answer that is held go, now and in future.
    void release();
    /// Closes all connections, as a server does with idle ones.
    void close_connections();
    /// Accepts, then says nothing at all (also no TLS handshake).
    void mute(bool on) { mute_ = on; }

    [[nodiscard]] std::vector<imposter_request> requests() const;
    /// True when so many requests came before the time was over.
    [[nodiscard]] bool wait_for_requests(std::size_t count, int timeout_ms = 5000) const;
    [[nodiscard]] std::size_t connections() const;
    /// Bytes of requests, after TLS.
    [[nodiscard]] std::uint64_t payload_bytes() const { return payload_bytes_; }

private:
    struct peer;

    void accept_all();
    void serve(const std::shared_ptr<peer>& with);
    [[nodiscard]] bool read_request(peer& with, imposter_request& request, imposter_step& step);
    [[nodiscard]] bool answer(peer& with, const imposter_step& step);
    [[nodiscard]] imposter_step next_step();

    SSL_CTX* context_ = nullptr;
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<bool> stopping_{false};
    std::atomic<bool> mute_{false};
    std::atomic<std::uint64_t> payload_bytes_{0};
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    std::deque<imposter_step> steps_;
    std::vector<imposter_request> requests_;
    std::vector<std::shared_ptr<peer>> peers_;
    std::vector<std::thread> threads_;
    bool released_ = false;
    std::thread acceptor_;
};

}  // namespace sluice::test
