#include "batch/rows/row_builder.hpp"

#include <simdjson.h>

#include <cstring>

namespace sluice::batch {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr std::int64_t exact_in_double_max = 1LL << 53;
constexpr std::size_t digits_in_double_max = 17;
constexpr std::size_t quick_name_bytes_max = simdjson::SIMDJSON_PADDING - 1;
/// Members of real events are often left out but seldom reordered.
constexpr std::size_t guesses_max = 4;

/// One column of the plan: how to find its members and where its values go.
struct plan_node {
    column_kind kind = column_kind::text;
    column_buffer* out = nullptr;
    std::vector<plan_node> children;
    std::string name;
    /// Equal to the raw bytes of a key, so no unescaping is needed to compare.
    bool is_plain = false;
    std::unordered_map<std::string_view, std::size_t> by_name;
};

plan_node compile(const column_type& type, column_buffer& out)
{
    plan_node node{.kind = type.kind, .out = &out, .name = type.name};
    node.is_plain = type.name.size() <= quick_name_bytes_max &&
                    type.name.find_first_of("\\\"") == std::string::npos;
    for (std::size_t i = 0; i < type.children.size(); ++i) {
        node.children.push_back(compile(type.children[i], out.children[i]));
    }
    for (std::size_t i = 0; i < node.children.size(); ++i) {
        // Keys view the type's names, which live as long as the plan.
        node.by_name.emplace(type.children[i].name, i);
    }
    return node;
}

std::string_view trimmed(std::string_view token)
{
    while (!token.empty() && static_cast<unsigned char>(token.back()) <= ' ')
        token.remove_suffix(1);
    return token;
}

std::size_t digit_count(std::string_view number)
{
    number = number.substr(0, number.find_first_of("eE"));
    const auto first = number.find_first_of("123456789");
    if (first == std::string_view::npos) return 0;
    std::size_t count = 0;
    for (const char c : number.substr(first)) count += c >= '0' && c <= '9' ? 1 : 0;
    return count;
}

/// What a row could not put into columns: a JSON object of pointers and raw texts.
class rescue_text {
public:
    void begin_row() { text_.clear(); }
    [[nodiscard]] bool is_empty() const { return text_.empty(); }
    [[nodiscard]] const std::string& finish()
    {
        text_ += '}';
        return text_;
    }
    /// Pointer parts are appended between begin_entry and end_entry.
    void begin_entry() { text_ += text_.empty() ? "{\"" : ",\""; }
    void add_part(std::string_view name)
    {
        text_ += '/';
        for (const char c : name) {
            const auto byte = static_cast<unsigned char>(c);
            if (c == '~') {
                text_ += "~0";
            } else if (c == '/') {
                text_ += "~1";
            } else if (c == '"' || c == '\\') {
                text_ += '\\';
                text_ += c;
            } else if (byte < 0x20) {
                text_ += fmt::format("\\u{:04x}", byte);
            } else {
                text_ += c;
            }
        }
    }
    void end_entry(std::string_view raw)
    {
        text_ += "\":";
        text_ += raw;
    }

private:
    std::string text_;
};

/// A step from the root to the value in hand; only read when something is rescued.
struct path_part {
    std::string_view name;
    std::size_t index = 0;
    bool is_index = false;
};

}  // namespace

struct row_builder::state {
    explicit state(const row_schema& schema_in) : schema(schema_in)
    {
        for (const auto& [name, kind] : system_columns) {
            columns.push_back(make_buffer({std::string(name), kind, {}}));
            columns.back().is_delta = name != partition_column && name != id_column;
        }
        for (const auto& type : schema.root().children) columns.push_back(make_buffer(type));
        columns.push_back(make_buffer({std::string(rescued_column), column_kind::text, {}}));
        root.kind = column_kind::structure;
        for (std::size_t i = 0; i < schema.root().children.size(); ++i) {
            const auto& type = schema.root().children[i];
            root.children.push_back(compile(type, columns[system_columns.size() + i]));
            root.by_name.emplace(type.name, i);
        }
    }

    static constexpr std::array<std::pair<std::string_view, column_kind>, 4> system_columns{
        {{offset_column, column_kind::int64},
         {partition_column, column_kind::int64},
         {received_column, column_kind::timestamp},
         {id_column, column_kind::text}}};

    void add_row(const datasets::record_view& row, partition_id partition);
    void add_event(std::string_view json);
    static plan_node* guess_child(plan_node& node, const char* raw, std::size_t& expected);
    void add_members(plan_node& node, ondemand::object object, std::size_t slot, std::size_t depth,
                     bool is_root);
    void add_value(plan_node& node, ondemand::value value, std::size_t slot, std::size_t depth);
    void add_list(plan_node& node, ondemand::array array, std::size_t depth);
    void add_number(plan_node& node, ondemand::value value, std::string_view token,
                    std::size_t depth);
    void add_string(plan_node& node, ondemand::value value, std::string_view token,
                    std::size_t depth);
    void rescue(std::string_view raw, std::size_t depth);
    static void pad(plan_node& node);

    row_schema schema;
    std::vector<column_buffer> columns;  ///< never resized: the plan points into it
    plan_node root;
    ondemand::parser parser;
    std::vector<char> padded;
    rescue_text rescued;
    std::array<path_part, column_depth_max + 2> path{};
    std::size_t row = 0;
    bool could_learn = false;
};

void row_builder::state::rescue(std::string_view raw, std::size_t depth)
{
    rescued.begin_entry();
    for (std::size_t i = 0; i < depth; ++i) {
        if (path[i].is_index) {
            rescued.add_part(std::to_string(path[i].index));
        } else {
            rescued.add_part(path[i].name);
        }
    }
    rescued.end_entry(raw);
}

/// The child that this key names, if it is one of the next few after the one before: cheaper than
/// hashing. `expected` becomes its index. `raw` stands in a padded buffer, so reading a name's
/// length is safe.
plan_node* row_builder::state::guess_child(plan_node& node, const char* raw, std::size_t& expected)
{
    const auto last = std::min(expected + guesses_max, node.children.size());
    for (auto i = expected; i < last; ++i) {
        auto& guess = node.children[i];
        if (guess.is_plain && raw[guess.name.size()] == '"' &&
            std::memcmp(raw, guess.name.data(), guess.name.size()) == 0) {
            expected = i;
            return &guess;
        }
    }
    return nullptr;
}

void row_builder::state::add_members(plan_node& node, ondemand::object object, std::size_t slot,
                                     std::size_t depth, bool is_root)
{
    std::size_t expected = 0;  // members mostly come in the order in which the schema learnt them
    for (ondemand::field field : object) {
        plan_node* child = guess_child(node, field.key().raw(), expected);
        if (child != nullptr) {
            path[depth] = {.name = child->name};
        } else {
            const std::string_view name = field.unescaped_key();
            path[depth] = {.name = name};
            const auto found = node.by_name.find(name);
            if (found == node.by_name.end()) {
                ondemand::value value = field.value();
                if (value.is_null()) continue;
                const std::string_view raw = simdjson::to_json_string(value);
                rescue(raw, depth + 1);
                const bool is_usable = !name.empty() && !(is_root && is_reserved_column(name));
                could_learn |= is_usable && raw != "{}" && raw != "[]";
                continue;
            }
            expected = found->second;
            child = &node.children[expected];
        }
        ++expected;
        if (child->out->length > slot) {  // the key comes twice: the first value keeps the column
            ondemand::value value = field.value();
            rescue(simdjson::to_json_string(value), depth + 1);
            continue;
        }
        child->out->pad_to(slot);
        add_value(*child, field.value(), slot, depth + 1);
    }
}

void row_builder::state::add_value(plan_node& node, ondemand::value value, std::size_t slot,
                                   std::size_t depth)
{
    auto& out = *node.out;
    const auto token = value.raw_json_token();
    switch (token.front()) {
        case '"':
            if (node.kind == column_kind::text) return add_string(node, value, token, depth);
            break;
        case '{':
            if (node.kind != column_kind::structure) break;
            out.mark(true);
            return add_members(node, value.get_object(), slot, depth, false);
        case '[':
            if (node.kind != column_kind::list) break;
            return add_list(node, value.get_array(), depth);
        case 't':
        case 'f':
            if (node.kind != column_kind::boolean) break;
            return out.add_bool(value.get_bool());
        case 'n':
            return out.add_null();
        default:
            return add_number(node, value, token, depth);
    }
    out.add_null();
    rescue(simdjson::to_json_string(value), depth);
}

void row_builder::state::add_list(plan_node& node, ondemand::array array, std::size_t depth)
{
    auto& out = *node.out;
    auto& element = node.children[0];
    // Whatever happens inside, the list ends with the elements that are there.
    struct closer {
        column_buffer& list;
        column_buffer& elements;
        ~closer()
        {
            list.offsets.push_back(static_cast<std::int32_t>(elements.length));
            list.mark(true);
        }
    } const close{out, *element.out};
    std::size_t index = 0;
    for (auto item : array) {
        path[depth] = {.index = index++, .is_index = true};
        const auto slot = element.out->length;
        add_value(element, item.value(), slot, depth + 1);
        element.out->pad_to(slot + 1);
    }
}

void row_builder::state::add_number(plan_node& node, ondemand::value value, std::string_view token,
                                    std::size_t depth)
{
    auto& out = *node.out;
    token = trimmed(token);
    const bool is_integer = token.find_first_of(".eE") == std::string_view::npos;
    std::int64_t integer = 0;
    double number = 0;
    if (node.kind == column_kind::int64) {
        if (is_integer && value.get_int64().get(integer) == simdjson::SUCCESS) {
            return out.add_integer(integer);
        }
        could_learn |= !is_integer && value.get_double().get(number) == simdjson::SUCCESS;
    } else if (node.kind == column_kind::float64) {
        bool is_exact =
            token.size() <= digits_in_double_max || digit_count(token) <= digits_in_double_max;
        if (is_integer && token.size() > 15) {
            is_exact = value.get_int64().get(integer) == simdjson::SUCCESS &&
                       integer <= exact_in_double_max && integer >= -exact_in_double_max;
            if (is_exact) return out.add_double(static_cast<double>(integer));
        }
        if (is_exact && value.get_double().get(number) == simdjson::SUCCESS) {
            return out.add_double(number);
        }
    }
    out.add_null();
    rescue(token, depth);
}

void row_builder::state::add_string(plan_node& node, ondemand::value value, std::string_view token,
                                    std::size_t depth)
{
    token = trimmed(token);
    if (std::memchr(token.data(), '\\', token.size()) == nullptr && token.size() >= 2) {
        return node.out->add_text(token.data() + 1, token.size() - 2);
    }
    std::string_view text;
    if (value.get_string().get(text) == simdjson::SUCCESS) {
        return node.out->add_text(text.data(), text.size());
    }
    node.out->add_null();  // such as a lone surrogate, which no UTF-8 column can hold
    rescue(token, depth);
}

void row_builder::state::add_event(std::string_view json)
{
    // The parser reads a little beyond the end, so the event needs bytes behind it.
    if (padded.size() < json.size() + simdjson::SIMDJSON_PADDING) {
        padded.resize((json.size() + simdjson::SIMDJSON_PADDING) * 2);
    }
    std::memcpy(padded.data(), json.data(), json.size());
    try {
        ondemand::document document =
            parser.iterate(simdjson::padded_string_view(padded.data(), json.size(), padded.size()));
        if (ondemand::json_type(document.type()) != ondemand::json_type::object) {
            return rescue(trimmed(json), 0);
        }
        add_members(root, document.get_object(), row, 0, true);
    } catch (const simdjson::simdjson_error&) {
        // Broken JSON can't stand as JSON in the rescue column: there it is a JSON string.
        std::string quoted = "\"";
        for (const char c : json) {
            const auto byte = static_cast<unsigned char>(c);
            if (c == '"' || c == '\\') {
                quoted += '\\';
                quoted += c;
            } else if (byte < 0x20) {
                quoted += fmt::format("\\u{:04x}", byte);
            } else {
                quoted += c;
            }
        }
        rescued.begin_row();
        rescue(quoted + "\"", 0);
    }
}

void row_builder::state::add_row(const datasets::record_view& record, partition_id partition)
{
    columns[0].add_integer(static_cast<std::int64_t>(record.position.value()));
    columns[1].add_integer(partition.value());
    columns[2].add_integer(std::chrono::floor<std::chrono::microseconds>(record.received_at)
                               .time_since_epoch()
                               .count());
    columns[3].add_text(record.id.data(), record.id.size());
    rescued.begin_row();
    add_event(record.content);
    if (rescued.is_empty()) {
        columns.back().add_null();
    } else {
        const auto& text = rescued.finish();
        columns.back().add_text(text.data(), text.size());
    }
    ++row;
}

/// Members that rows at the end did not have.
void row_builder::state::pad(plan_node& node)
{
    for (auto& child : node.children) {
        if (node.kind == column_kind::structure) child.out->pad_to(node.out->length);
        pad(child);
    }
}

row_builder::row_builder(const row_schema& schema) : state_(std::make_unique<state>(schema)) {}
row_builder::~row_builder() = default;

bool row_builder::build(const row_group& group)
{
    auto& s = *state_;
    for (auto& column : s.columns) column.clear();
    s.row = 0;
    s.could_learn = false;
    for (const auto* record : group.rows) s.add_row(*record, group.partition);
    for (auto& child : s.root.children) {
        child.out->pad_to(s.row);
        s.pad(child);
    }
    return s.could_learn;
}

const std::vector<column_buffer>& row_builder::columns() const
{
    return state_->columns;
}

}  // namespace sluice::batch
