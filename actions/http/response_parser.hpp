#pragma once
// Reads one HTTP/1.1 answer from the bytes of a connection: interim answers, head, body by length,
// chunks or end of stream. Strict: what is not plainly HTTP is `malformed`, because a reader that
// guesses can be made to take the next answer for this one. Keeps only what a delivery needs; no
// I/O, no exceptions.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::actions {

class response_parser {
public:
    enum class progress : std::uint8_t { more, complete, malformed, interim_flood };

    static constexpr std::size_t head_bytes_max = 16 * 1024;
    static constexpr std::uint32_t interim_max = 10;

    /// Forgets the last answer. Of the body `keep_max` bytes are kept and `read_max` are read at
    /// all; a longer one is complete there and the connection is not used again.
    void start(bool expects_body, std::size_t keep_max, std::uint64_t read_max,
               bool keeps_fields = false);

    /// Reads from the front of `bytes` and says in `used` how far; after `complete` the rest is not
    /// ours.
    [[nodiscard]] progress feed(std::string_view bytes, std::size_t& used);
    /// The peer has closed: completes a body without length.
    [[nodiscard]] progress end_of_stream();

    [[nodiscard]] bool started() const noexcept { return started_; }
    [[nodiscard]] bool has_status() const noexcept { return state_ > state::head && status_ != 0; }
    [[nodiscard]] int status() const noexcept { return status_; }
    [[nodiscard]] bool keep_alive() const noexcept { return keep_alive_; }
    [[nodiscard]] bool body_cut() const noexcept { return body_cut_; }
    [[nodiscard]] const std::string& body() const noexcept { return body_; }
    /// All header fields, names in lower case; only when start() was told to keep them.
    [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& fields() const noexcept
    {
        return fields_;
    }
    [[nodiscard]] const std::string& retry_after() const noexcept { return retry_after_; }
    [[nodiscard]] const std::string& location() const noexcept { return location_; }
    /// What is wrong, static text.
    [[nodiscard]] std::string_view problem() const noexcept { return problem_; }

private:
    enum class state : std::uint8_t {
        head,
        body_length,
        chunk_size,
        chunk_data,
        chunk_end,
        trailer,
        body_until_close,
        done,
    };

    [[nodiscard]] progress read_head(std::string_view bytes, std::size_t& used);
    [[nodiscard]] progress parse_head(std::string_view head);
    [[nodiscard]] bool parse_status_line(std::string_view line);
    [[nodiscard]] bool parse_field(std::string_view line);
    [[nodiscard]] bool parse_length(std::string_view value);
    [[nodiscard]] progress choose_body();
    [[nodiscard]] progress read_chunked(std::string_view bytes, std::size_t& used);
    [[nodiscard]] bool take_line(std::string_view bytes, std::size_t& used);
    [[nodiscard]] bool parse_chunk_size();
    void keep(std::string_view bytes);
    [[nodiscard]] progress fail(std::string_view problem);
    [[nodiscard]] progress cut();

    state state_ = state::head;
    bool started_ = false;
    bool expects_body_ = true;
    bool keep_alive_ = true;
    bool http_1_0_ = false;
    bool chunked_ = false;
    bool other_coding_ = false;
    bool has_length_ = false;
    bool body_cut_ = false;
    bool connection_close_ = false;
    bool connection_keep_alive_ = false;
    std::uint32_t interim_ = 0;
    int status_ = 0;
    std::uint64_t length_ = 0;  ///< declared
    std::uint64_t left_ = 0;    ///< of the body or of the chunk
    std::uint64_t read_ = 0;    ///< of the body so far
    std::size_t keep_max_ = 0;
    std::uint64_t read_max_ = 0;
    std::size_t trailer_bytes_ = 0;
    std::string head_;  ///< an incomplete head or line, carried to the next bytes
    std::string body_, retry_after_, location_;
    bool keeps_fields_ = false;
    std::vector<std::pair<std::string, std::string>> fields_;
    std::string_view problem_;
};

}  // namespace sluice::actions
