#pragma once
// Memory that is handed out piece by piece and given back all at once: one arena per evaluated
// batch, one per evaluation. Not thread-safe while it is filled; read-only use afterwards may be
// shared.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace sluice::rules {

class event_arena {
public:
    explicit event_arena(std::size_t block_bytes = 16 * 1024) : block_bytes_(block_bytes) {}
    event_arena(const event_arena&) = delete;
    event_arena& operator=(const event_arena&) = delete;

    /// Uninitialised bytes; valid until reset() or destruction.
    void* allocate(std::size_t bytes, std::size_t alignment = alignof(std::max_align_t))
    {
        auto at = (used_ + alignment - 1) & ~(alignment - 1);
        if (current_ >= blocks_.size() || at + bytes > blocks_[current_].size) {
            next_block(bytes);
            at = 0;
        }
        used_ = at + bytes;
        total_ += bytes;
        return blocks_[current_].bytes.get() + at;
    }

    template <class T>
    std::span<T> allocate_array(std::size_t count)
    {
        static_assert(std::is_trivially_destructible_v<T>, "nothing here is ever destroyed");
        auto* first = static_cast<T*>(allocate(count * sizeof(T), alignof(T)));
        std::uninitialized_value_construct_n(first, count);
        return {first, count};
    }

    std::string_view copy(std::string_view text)
    {
        if (text.empty()) return {};
        auto* bytes = static_cast<char*>(allocate(text.size(), 1));
        std::memcpy(bytes, text.data(), text.size());
        return {bytes, text.size()};
    }

    /// Forgets everything, keeps the blocks.
    void reset() noexcept
    {
        current_ = 0;
        used_ = 0;
        total_ = 0;
    }

    /// Bytes handed out since reset(); what limits are checked against.
    [[nodiscard]] std::size_t bytes_used() const noexcept { return total_; }

private:
    struct block {
        std::unique_ptr<std::byte[]> bytes;
        std::size_t size = 0;
    };

    void next_block(std::size_t at_least)
    {
        if (!blocks_.empty() && current_ < blocks_.size()) ++current_;
        while (current_ < blocks_.size() && blocks_[current_].size < at_least) ++current_;
        if (current_ >= blocks_.size()) {
            const auto size = at_least > block_bytes_ ? at_least : block_bytes_;
            blocks_.push_back({std::make_unique_for_overwrite<std::byte[]>(size), size});
            current_ = blocks_.size() - 1;
        }
        used_ = 0;
    }

    std::size_t block_bytes_;
    std::vector<block> blocks_;
    std::size_t current_ = 0;
    std::size_t used_ = 0;
    std::size_t total_ = 0;
};

}  // namespace sluice::rules
