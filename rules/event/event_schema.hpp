#pragma once
// What a JSON Schema says about the events of a dataset, for the checker: fields, their types,
// which are required. Events are never validated against it. Read while the rules are loaded,
// immutable afterwards; it must outlive the programs checked with it, whose trees refer to its
// shapes.
//
// Read are: type (also a list), properties, required, additionalProperties, items, enum, const,
// nullable, $ref within the file, allOf, anyOf, oneOf, and the schemas true and false. What could
// only widen or narrow further (if, not, patternProperties, format, minimum, …) is passed over in
// the direction that accepts more; keywords that are none are reported.

#include <deque>
#include <memory>
#include <string>

#include "config/diagnostic.hpp"
#include "config/node.hpp"
#include "rules/expression/type_shape.hpp"

namespace sluice::rules {

class event_schema {
public:
    [[nodiscard]] const expression::type_shape& root() const { return *root_; }

private:
    friend class schema_reader;
    std::deque<expression::type_shape> shapes_;
    const expression::type_shape* root_ = nullptr;
};

/// Null after a mistake, which is reported at its place.
[[nodiscard]] std::shared_ptr<const event_schema> read_event_schema(const config::node& document,
                                                                    config::diagnostics& problems);

/// The same of a file, JSON or YAML; `from` is where the file was named.
[[nodiscard]] std::shared_ptr<const event_schema> read_event_schema_file(
    const std::string& path, const config::source_location& from, config::diagnostics& problems);

}  // namespace sluice::rules
