#include "actions/http/connection.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

namespace sluice::actions {
namespace {
// A buffer that one large body has blown up is given back.
constexpr std::size_t out_bytes_kept = 64 * 1024;
}  // namespace

connection::connection(const boost::asio::any_io_executor& on, connection_owner& owner,
                       destination_stats& stats)
    : socket_(on), owner_(&owner), stats_(&stats), idle_alarm_([this](wake) {
          close();
          if (owner_ != nullptr) owner_->on_idle_end(*this);
      })
{
}

void connection::begin(bool expects_body, std::size_t keep_max, std::uint64_t read_max,
                       bool keeps_fields)
{
    idle_alarm_.unlink();
    parser_.start(expects_body, keep_max, read_max, keeps_fields);
    busy_ = true;
    surplus_ = false;
    ending_ = ending::none;
    error_ = {};
    written_ = 0;
    stats_->bytes_sent += out_.size();
    if (!tls_) {
        boost::system::error_code ec;
        written_ = socket_.write_some(boost::asio::buffer(out_), ec);
        // An error is left to the read: the peer may have answered before it closed.
        if (ec && ec != boost::asio::error::would_block) error_ = ec;
    }
    if (!sent_in_full() && !error_) write_rest();
    if (!reading_) read_more();
}

void connection::write_rest()
{
    writing_ = true;
    const auto rest = boost::asio::buffer(out_) + written_;
    const auto done = [self = connection_ptr(this)](boost::system::error_code ec,
                                                    std::size_t count) {
        self->writing_ = false;
        self->written_ += count;
        if (ec && !self->error_) self->error_ = ec;
    };
    if (tls_) {
        boost::asio::async_write(*tls_, rest, done);
    } else {
        boost::asio::async_write(socket_, rest, done);
    }
}

void connection::read_more()
{
    reading_ = true;
    const auto buffer = boost::asio::buffer(in_);
    auto done = [self = connection_ptr(this)](boost::system::error_code ec, std::size_t count) {
        self->on_read(ec, count);
    };
    if (tls_) {
        tls_->async_read_some(buffer, std::move(done));
    } else {
        socket_.async_read_some(buffer, std::move(done));
    }
}

void connection::on_read(boost::system::error_code ec, std::size_t count)
{
    reading_ = false;
    if (closed_) return;
    if (!busy_) {
        close();
        if (owner_ != nullptr) owner_->on_idle_end(*this);
        return;
    }
    stats_->bytes_received += count;
    if (ec) {
        if (!error_) error_ = ec;
        const bool whole = parser_.end_of_stream() == response_parser::progress::complete;
        close();
        // The status decides, even when the body was cut short.
        return finish(whole || parser_.has_status() ? ending::answered : ending::lost);
    }
    std::size_t used = 0;
    switch (parser_.feed(std::string_view(in_.data(), count), used)) {
        case response_parser::progress::more:
            return read_more();
        case response_parser::progress::complete:
            surplus_ = used != count;
            return finish(ending::answered);
        case response_parser::progress::malformed:
            return finish(ending::malformed);
        case response_parser::progress::interim_flood:
            return finish(ending::interim_flood);
    }
}

void connection::finish(ending how)
{
    busy_ = false;
    ending_ = how;
    if (how == ending::answered) has_answered_ = true;
    answer_wait_.resume_now(wake::ready);
}

bool connection::reusable() const noexcept
{
    return !closed_ && ending_ == ending::answered && !surplus_ && !writing_ && !error_ &&
           sent_in_full() && parser_.keep_alive();
}

void connection::become_idle()
{
    out_.clear();
    if (out_.capacity() > out_bytes_kept) std::string().swap(out_);
    written_ = 0;
    if (!reading_) read_more();
}

void connection::close() noexcept
{
    idle_alarm_.unlink();
    if (closed_) return;
    closed_ = true;
    boost::system::error_code ignored;
    socket_.close(ignored);
}

void connection::abandon() noexcept
{
    owner_ = nullptr;
    busy_ = false;
    answer_wait_.unlink();
    close();
}

}  // namespace sluice::actions
