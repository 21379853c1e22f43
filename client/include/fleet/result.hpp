#pragma once
// A value or a `fleet::Error`. `value()` throws `ErrorException`; `operator*` on an error is undefined.
#include <fleet/error.hpp>

#include <boost/assert/source_location.hpp>
#include <boost/system/result.hpp>

namespace fleet {

template <class T>
using Result = boost::system::result<T, Error>;

// Found by boost::system::result through argument-dependent lookup.
[[noreturn]] void throw_exception_from_error(Error const& error, boost::source_location const& where);

}  // namespace fleet
