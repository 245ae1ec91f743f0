#pragma once
// Sets up the process's log: one line an entry on stderr, as text or as JSON. Control bytes are
// escaped, so that what a client sent can never forge a line. Call once at start, before threads
// exist.

#include <string_view>

namespace sluice::gateway {

/// `level`: trace, debug, info, warning, error, off; `format`: text or json.
void set_up_logging(std::string_view level, std::string_view format);

}  // namespace sluice::gateway
