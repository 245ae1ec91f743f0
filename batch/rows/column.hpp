#pragma once
// Columns in memory: their types, and the buffers of one row group in the layout that Apache Arrow
// uses (validity bits, 32-bit offsets, packed values). Plain data; no Arrow header is needed to
// fill them, and the shared module wraps them without copying.

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::batch {

enum class column_kind : std::uint8_t {
    boolean,
    int64,
    float64,
    text,
    timestamp,  ///< microseconds since the epoch, UTC; only for what Sluice adds itself
    list,       ///< one child: the elements
    structure,  ///< children: the members
};

/// The type of a column and of what is inside it.
struct column_type {
    std::string name;
    column_kind kind = column_kind::text;
    std::vector<column_type> children;
    friend bool operator==(const column_type&, const column_type&) = default;
};

/// The values of one column in one row group. A structure's children have its length; a list's
/// child has as many values as all lists together, and row i is [offsets[i], offsets[i + 1]).
struct column_buffer {
    std::string name;
    column_kind kind = column_kind::text;
    std::size_t length = 0;
    std::size_t null_count = 0;
    std::vector<std::uint8_t> validity;  ///< a bit a value, lowest first
    std::vector<std::uint8_t> bits;      ///< boolean
    std::vector<std::int64_t> integers;  ///< int64, timestamp
    std::vector<double> doubles;         ///< float64
    std::vector<std::int32_t> offsets;   ///< text, list: length + 1 of them
    std::string bytes;                   ///< text
    std::vector<column_buffer> children;
    bool is_delta = false;  ///< rises steadily: encode differences

    void mark(bool is_valid)
    {
        if ((length & 7) == 0) validity.push_back(0);
        if (is_valid) {
            validity.back() = static_cast<std::uint8_t>(validity.back() | (1U << (length & 7)));
        } else {
            ++null_count;
        }
        ++length;
    }
    void add_integer(std::int64_t value)
    {
        integers.push_back(value);
        mark(true);
    }
    void add_double(double value)
    {
        doubles.push_back(value);
        mark(true);
    }
    void add_text(const char* data, std::size_t size)
    {
        bytes.append(data, size);
        offsets.push_back(static_cast<std::int32_t>(bytes.size()));
        mark(true);
    }
    void add_bool(bool value);
    void add_null();
    /// Nulls up to `count` values.
    void pad_to(std::size_t count)
    {
        while (length < count) add_null();
    }
    /// Forgets the values, keeps the memory.
    void clear();
};

[[nodiscard]] column_buffer make_buffer(const column_type& type);

}  // namespace sluice::batch
