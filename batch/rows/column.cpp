#include "batch/rows/column.hpp"

namespace sluice::batch {

void column_buffer::add_bool(bool value)
{
    if ((length & 7) == 0) bits.push_back(0);
    if (value) bits.back() = static_cast<std::uint8_t>(bits.back() | (1U << (length & 7)));
    mark(true);
}

void column_buffer::add_null()
{
    switch (kind) {
        case column_kind::boolean:
            if ((length & 7) == 0) bits.push_back(0);
            break;
        case column_kind::int64:
        case column_kind::timestamp:
            integers.push_back(0);
            break;
        case column_kind::float64:
            doubles.push_back(0);
            break;
        case column_kind::text:
        case column_kind::list:
            offsets.push_back(offsets.back());
            break;
        case column_kind::structure:
            break;  // its members are padded when the group ends
    }
    mark(false);
}

void column_buffer::clear()
{
    length = null_count = 0;
    validity.clear();
    bits.clear();
    integers.clear();
    doubles.clear();
    offsets.clear();
    if (kind == column_kind::text || kind == column_kind::list) offsets.push_back(0);
    bytes.clear();
    for (auto& child : children) child.clear();
}

column_buffer make_buffer(const column_type& type)
{
    column_buffer out{.name = type.name, .kind = type.kind};
    for (const auto& child : type.children) out.children.push_back(make_buffer(child));
    out.clear();
    return out;
}

}  // namespace sluice::batch
