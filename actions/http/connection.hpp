#pragma once
// One keep-alive connection to a destination. It writes a request from its own reused buffer with
// one system call, and always has a read pending, so that a close by the peer is noticed while it
// is idle. Lives on the destination's thread; counted, because pending reads and writes keep it
// alive.

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "actions/destination.hpp"
#include "actions/http/response_parser.hpp"
#include "actions/http/tls_client.hpp"
#include "actions/http/wait_list.hpp"

namespace sluice::actions {

class connection;
using connection_ptr = boost::intrusive_ptr<connection>;

class connection_owner {
public:
    virtual ~connection_owner() = default;
    /// An idle connection was closed by the peer or got bytes nobody asked for.
    virtual void on_idle_end(connection& which) = 0;
};

class connection final
    : public boost::intrusive_ref_counter<connection, boost::thread_unsafe_counter> {
public:
    /// How an exchange ended.
    enum class ending : std::uint8_t { none, answered, malformed, interim_flood, lost };

    connection(const boost::asio::any_io_executor& on, connection_owner& owner,
               destination_stats& stats);

    // Opening: the pool connects the socket and, for https, hands over the finished stream.
    [[nodiscard]] boost::asio::ip::tcp::socket& socket() noexcept { return socket_; }
    void adopt_tls(std::unique_ptr<tls_stream> stream) noexcept { tls_ = std::move(stream); }
    [[nodiscard]] tls_stream* tls() noexcept { return tls_.get(); }

    /// Empty, to be filled with the whole request before begin().
    [[nodiscard]] std::string& out() noexcept { return out_; }
    /// Sends out() and reads one answer; then `answer_wait()` is resumed from the read handler.
    void begin(bool expects_body, std::size_t keep_max, std::uint64_t read_max,
               bool keeps_fields = false);
    [[nodiscard]] wait_entry& answer_wait() noexcept { return answer_wait_; }

    [[nodiscard]] ending ended() const noexcept { return ending_; }
    [[nodiscard]] const response_parser& answer() const noexcept { return parser_; }
    [[nodiscard]] bool sent_in_full() const noexcept { return written_ == out_.size(); }
    [[nodiscard]] boost::system::error_code error() const noexcept { return error_; }
    /// At least one exchange of this connection ended with an answer.
    [[nodiscard]] bool has_answered() const noexcept { return has_answered_; }
    /// The exchange left the connection fit for another one.
    [[nodiscard]] bool reusable() const noexcept;

    /// From now on an end is told to the owner, and `idle_alarm()` may close it.
    void become_idle();
    [[nodiscard]] timed_entry& idle_alarm() noexcept { return idle_alarm_; }
    void close() noexcept;
    /// The owner goes away: nothing of it is touched any more.
    void abandon() noexcept;

private:
    void read_more();
    void on_read(boost::system::error_code ec, std::size_t count);
    void write_rest();
    void finish(ending how);

    static constexpr std::size_t read_bytes = 4096;

    boost::asio::ip::tcp::socket socket_;
    std::unique_ptr<tls_stream> tls_;
    connection_owner* owner_;
    destination_stats* stats_;
    response_parser parser_;
    std::string out_;
    std::size_t written_ = 0;
    boost::system::error_code error_;
    ending ending_ = ending::none;
    bool busy_ = false;
    bool reading_ = false;
    bool writing_ = false;
    bool closed_ = false;
    bool has_answered_ = false;
    bool surplus_ = false;  ///< bytes behind the answer
    wait_entry answer_wait_;
    alarm_entry idle_alarm_;
    std::array<char, read_bytes> in_;
};

}  // namespace sluice::actions
