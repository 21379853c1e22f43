#pragma once
// The one JSON type of the project. Conversions to C++ types are spelled out (`get<T>()`), so that a
// wrong type is an error at a visible place and not a surprise inside an assignment.
#ifndef JSON_USE_IMPLICIT_CONVERSIONS
#define JSON_USE_IMPLICIT_CONVERSIONS 0
#endif
#include <nlohmann/json.hpp>

namespace fleet {

using Json = nlohmann::json;

}  // namespace fleet
