#pragma once
// Shapes made of shapes: all of them, or one of them. Whatever is in doubt accepts more. Used while
// a schema is read.

#include <deque>
#include <vector>

#include "rules/expression/type_shape.hpp"

namespace sluice::rules {

class shape_algebra {
public:
    /// New shapes are put into `pool`, which must outlive the algebra.
    explicit shape_algebra(std::deque<expression::type_shape>& pool) : pool_(pool) {}

    /// The shape that nothing is known of.
    [[nodiscard]] const expression::type_shape* anything();
    /// `into` must also be `part` (allOf).
    void narrow(expression::type_shape& into, const expression::type_shape& part, int depth = 0);
    /// Any of the choices (anyOf, oneOf); at least one is given.
    [[nodiscard]] const expression::type_shape* one_of(
        const std::vector<const expression::type_shape*>& choices, int depth = 0);

private:
    /// Schemas that contain themselves would be merged for ever.
    static constexpr int depth_max = 12;

    std::deque<expression::type_shape>& pool_;
    const expression::type_shape* anything_ = nullptr;
};

}  // namespace sluice::rules
