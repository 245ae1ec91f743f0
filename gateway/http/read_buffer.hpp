#pragma once
// The bytes of a connection that have been read but not consumed, contiguous. Grows with what
// arrives, not with what is announced; gives memory back when it is empty, because idle connections
// are many.

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>

namespace sluice::gateway {

class read_buffer {
public:
    static constexpr std::size_t initial_bytes = 4 * 1024;
    static constexpr std::size_t kept_bytes_max = 16 * 1024;

    [[nodiscard]] std::span<char> bytes() noexcept { return {data_.get() + begin_, end_ - begin_}; }
    [[nodiscard]] std::string_view text() const noexcept
    {
        return {data_.get() + begin_, end_ - begin_};
    }

    /// Room behind the bytes, for the next read.
    [[nodiscard]] std::span<char> room()
    {
        if (!data_) resize(initial_bytes);
        if (capacity_ - end_ < capacity_ / 4) {
            if (begin_ > 0) {
                std::memmove(data_.get(), data_.get() + begin_, end_ - begin_);
                end_ -= begin_;
                begin_ = 0;
            }
            if (capacity_ - end_ < capacity_ / 4) resize(capacity_ * 2);
        }
        return {data_.get() + end_, capacity_ - end_};
    }
    void commit(std::size_t count) noexcept { end_ += count; }

    void consume(std::size_t count) noexcept
    {
        begin_ += std::min(count, end_ - begin_);
        if (begin_ != end_) return;
        begin_ = end_ = 0;
        if (capacity_ > kept_bytes_max) {
            data_.reset();
            capacity_ = 0;
        }
    }

private:
    void resize(std::size_t capacity)
    {
        auto larger = std::make_unique_for_overwrite<char[]>(capacity);
        if (data_) std::memcpy(larger.get(), data_.get() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
        data_ = std::move(larger);
        capacity_ = capacity;
    }

    std::unique_ptr<char[]> data_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace sluice::gateway
